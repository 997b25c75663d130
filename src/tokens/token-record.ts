import type { GrantedTokens } from "./grant.js";
import type { TokenWrite } from "./token-store.js";
import { CalTokenError } from "../errors.js";

/** Cal.com's access tokens live for 59 minutes or more. A required life close to that would mean a refresh at every call. */
export const MAX_TTL_MS = 45 * 60_000;

/** The four token columns of a record. */
export function toWrite(
  tokens: Omit<GrantedTokens, "issuedAt">,
): Omit<TokenWrite, "userId" | "calUserId" | "calServer" | "details"> {
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
