import type { GrantedTokens } from "./grant.js";
import type { TokenWrite } from "./token-store.js";
import { CalTokenError } from "../errors.js";

/** The four token columns of a record. */
export function toWrite(tokens: Omit<GrantedTokens, "issuedAt">): Omit<TokenWrite, "userId" | "calUserId"> {
  return {
    calAccessToken: tokens.accessToken,
    calAccessTokenExpiresAt: tokens.accessTokenExpiresAt,
    calRefreshToken: tokens.refreshToken,
    calRefreshTokenExpiresAt: tokens.refreshTokenExpiresAt,
  };
}

/** The store knows nothing of the user. */
export function userNotFound(): CalTokenError {
  return new CalTokenError(
    "The token store has no record of this user. Call ensureUser() first.",
    "user_not_found",
  );
}
