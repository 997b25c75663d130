import type { TokenRecord } from "./token-store.js";

/** A pair of tokens as a grant issues it. */
export interface GrantedTokens {
  accessToken: string;
  accessTokenExpiresAt: Date | null;
  refreshToken: string;
  refreshTokenExpiresAt: Date | null;
  /** When it was issued, by the issuer's clock; `null` if the tokens don't say. */
  issuedAt: Date | null;
}

/**
 * The way by which tokens are had. The token manager knows nothing else of Cal.com: managed users are one
 * grant, Cal.com's OAuth 2, which replaces them one day, can be another.
 *
 * Both methods reject only with errors after which the tokens may still be good (5xx, timeouts, ...).
 */
export interface Grant {
  /** Trades the record's refresh token for a new pair. `null`: that refresh token is not accepted (any more). */
  refresh(record: TokenRecord & { calRefreshToken: string }): Promise<GrantedTokens | null>;

  /** Has a new pair without a refresh token, which ends every older pair. `null`: the user is gone. */
  recover?(record: TokenRecord): Promise<GrantedTokens | null>;

  /** When a token ends by what it says of itself, for records that don't tell. */
  expiryOf(accessToken: string): Date | null;
}
