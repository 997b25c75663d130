import type { TokenRecord } from "./token-store.js";

/** A pair of tokens as a grant issues it. */
export interface GrantedTokens {
  accessToken: string;
  accessTokenExpiresAt: Date | null;
  refreshToken: string;
  refreshTokenExpiresAt: Date | null;
  /** When it was issued, by the issuer's clock; `null` if the tokens don't say. */
  issuedAt: Date | null;
  /** What the tokens may do, if the response says so. */
  scopes?: string[] | undefined;
}

/** What came of a refresh that was sent. */
export type RefreshResult =
  | { outcome: "issued"; tokens: GrantedTokens }
  /** Cal.com does not accept the refresh token, or not any more. */
  | { outcome: "refused" }
  /** No response says whether Cal.com has rotated the tokens. */
  | { outcome: "unknown"; error: unknown };

/** A record that can be refreshed. */
export type RefreshableRecord = TokenRecord & { calRefreshToken: string };

/**
 * How tokens are issued. The token manager knows nothing else of Cal.com: managed users are one grant, OAuth 2 is the
 * other one.
 */
export interface Grant {
  /**
   * Exchanges the record's refresh token for a new pair. Rejects only if Cal.com did not carry it out: the request
   * was never sent, or was refused for another reason than its refresh token.
   */
  refresh(record: RefreshableRecord): Promise<RefreshResult>;

  /**
   * Gets a new pair without a refresh token, which ends every older pair. `null`: Cal.com no longer has the user.
   * A grant without it can't repair a lost rotation, so its refreshes are recorded before they are sent.
   */
  recover?(record: TokenRecord): Promise<GrantedTokens | null>;

  /** Throws, before anything is sent, if the record's tokens can't be refreshed with this configuration. */
  assertRefreshable?(record: TokenRecord): void;
}
