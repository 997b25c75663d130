/** One application user's tokens, as a store keeps them. */
export interface TokenRecord {
  /** The application's own id of the user. */
  userId: string;
  /** The id of the managed user at Cal.com. */
  calUserId: number;
  /** Goes to Cal.com with every call for this user. Lives 59 to 60 minutes. */
  calAccessToken: string;
  /** When the access token ends. `null` if that is not known: then it is used until Cal.com refuses it. */
  calAccessTokenExpiresAt: Date | null;
  /** Buys the next pair of tokens, once. `null` in rows written without one. */
  calRefreshToken: string | null;
  /** When the refresh token ends: a year after it was issued. `null` if that is not known. */
  calRefreshTokenExpiresAt: Date | null;
  /**
   * Changes with every write. A store never gives a user the same version twice, not even after the
   * record was deleted and made anew: a write that was under way during the delete must not fit.
   */
  version: number;
  /** When the record was first written. */
  createdAt: Date;
  /** When the record was last written. */
  updatedAt: Date;
}

/** What a write gives; the rest of a {@link TokenRecord} is the store's to fill in. */
export type TokenWrite = Omit<TokenRecord, "version" | "createdAt" | "updatedAt">;

/**
 * Where tokens are kept. Three methods are required. A store that several processes share has `lease` and
 * `release` as well, so that only one of them refreshes a user's tokens at a time.
 *
 * A method that can't do its work (the database is away) rejects. Records are values: a store neither
 * keeps an object it was given nor hands out one it keeps.
 */
export interface TokenStore {
  /** The user's record, or `null` if there is none. */
  get(userId: string): Promise<TokenRecord | null>;

  /**
   * Writes the record, if the stored version is `ifVersion`; with `null`, if there is no record. Of several
   * such writes at once, one wins. Answers the stored record, or `null`: lost, nothing was written.
   */
  set(record: TokenWrite, options: { ifVersion: number | null }): Promise<TokenRecord | null>;

  /** Removes the user's record, and its lease. Answers whether there was one. */
  delete(userId: string): Promise<boolean>;

  /**
   * Takes the lease on this user's refresh for `ttlMs` milliseconds, or renews it if `owner` holds it. It
   * ends by itself. Answers `false` while somebody else holds it.
   */
  acquireLease?(userId: string, options: { owner: string; ttlMs: number }): Promise<boolean>;

  /** Gives the lease back. Does nothing if `owner` doesn't hold it. */
  releaseLease?(userId: string, options: { owner: string }): Promise<void>;

  /**
   * Optional, for work on all records (such as `reencryptTokens`): the ids of up to `limit` users, in an order of
   * the store's own, those behind `after`. An empty page is the end; a shorter one is not.
   */
  list?(options: { after?: string | undefined; limit: number }): Promise<string[]>;
}
