/** One application user's tokens, as a store keeps them. */
export interface TokenRecord {
  /** The application's own id of the user. */
  userId: string;
  /** The id of the user at Cal.com. */
  calUserId: number;
  /**
   * Which Cal.com server the Cal.com user belongs to: the client's option `serverId`. `""` unless clients of several
   * Cal.com servers share the table.
   */
  calServer: string;
  /** Sent to Cal.com with every call for this user. */
  calAccessToken: string;
  /** When the access token expires. `null` if that is not known: then it is used until Cal.com refuses it. */
  calAccessTokenExpiresAt: Date | null;
  /** Exchanged for the next pair of tokens, once. `null` in rows that were written without one. */
  calRefreshToken: string | null;
  /** When the refresh token expires. `null` if that is not known. */
  calRefreshTokenExpiresAt: Date | null;
  /**
   * What else calbridge keeps about this user: JSON of its own, or that JSON encrypted. Up to 4 kB, so with encryption
   * up to 6 kB of text. A store keeps it as it is, and doesn't read it.
   */
  details: string | null;
  /**
   * For compare-and-swap: changes with every write. A store never gives a user the same version twice, not even
   * after the record was deleted and created again: a write that was in flight during the delete must not match.
   */
  version: number;
  /** When the record was first written. */
  createdAt: Date;
  /** When the record was last written. */
  updatedAt: Date;
}

/** What a write contains; the store fills in the rest of a {@link TokenRecord}. */
export type TokenWrite = Omit<TokenRecord, "version" | "createdAt" | "updatedAt">;

/**
 * Where tokens are kept. Three methods are required; the others are optional capabilities. A store that several
 * processes share needs `acquireLease` and `releaseLease`, so that only one of them refreshes a user's tokens at a
 * time.
 *
 * A method that can't do its work (the database can't be reached) rejects. Records are values: a store neither keeps
 * an object that it was given nor returns one that it keeps.
 */
export interface TokenStore {
  /** The user's record, or `null` if there is none. Its `userId` is the one that is stored, compared exactly. */
  get(userId: string): Promise<TokenRecord | null>;

  /**
   * Writes the record if the stored version is `ifVersion`; with `null`, if there is no record. Of several such
   * writes at once, one succeeds. Returns the stored record, or `null` if the condition failed and nothing was written.
   *
   * @throws {@link CalUserInUseError} if another user's record has the same `calServer` and `calUserId`.
   */
  set(record: TokenWrite, options: { ifVersion: number | null }): Promise<TokenRecord | null>;

  /** Removes the user's record. Returns whether there was one. */
  delete(userId: string): Promise<boolean>;

  /**
   * Acquires the lease on this user's tokens for `ttlMs` milliseconds, or renews it if `owner` holds it. It expires
   * without a release. Needs no record: a lease may exist before there is one. Returns `false` while another owner
   * holds it.
   */
  acquireLease?(userId: string, options: { owner: string; ttlMs: number }): Promise<boolean>;

  /** Releases the lease. Does nothing if `owner` doesn't hold it. */
  releaseLease?(userId: string, options: { owner: string }): Promise<void>;

  /**
   * Optional, for the request handlers: keeps text of up to 8 kB under an id for `ttlMs` milliseconds, and replaces
   * what is there. With it a connection attempt that started on one server can be completed, or rolled back, on
   * another one.
   */
  putAttempt?(id: string, options: { data: string; ttlMs: number }): Promise<void>;

  /** Returns what {@link putAttempt} keeps under the id, or `null` if there is nothing or it has expired. */
  getAttempt?(id: string): Promise<string | null>;

  /** Returns the same as {@link getAttempt} and removes it: of several calls at once, one returns it. */
  takeAttempt?(id: string): Promise<string | null>;

  /**
   * Optional, for work on all records (`reencryptTokens`, `calbridge claim`): the ids of up to `limit` users, in an
   * order of the store's own, those after `after`. An empty page is the end; a shorter one is not.
   */
  list?(options: { after?: string | undefined; limit: number }): Promise<string[]>;

  /**
   * Optional, for linking a Cal.com account that another application user has: the id of the user whose record has this
   * Cal.com user, or `null`.
   */
  findUser?(account: { calServer: string; calUserId: number }): Promise<string | null>;

  /**
   * Optional, for `cal.reassignUser()`: writes the record, whose `userId` is new, in the place of the record of the
   * user `from`, in one step. Returns the stored record, or `null` if `from` has no record of that version or the
   * new user has one already.
   */
  reassign?(record: TokenWrite, options: { from: string; ifVersion: number }): Promise<TokenRecord | null>;
}
