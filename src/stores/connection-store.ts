/** What is known of one application user's calendar connections, as a store keeps it. Holds no secret. */
export interface ConnectionState {
  /** The application's own id of the user. */
  userId: string;
  /**
   * What calbridge knows: JSON of its own, up to 64 kB. A store keeps it as it is, and doesn't read it. `null` for a
   * user who was never checked.
   */
  details: string | null;
  /** When the user's connections are to be checked next. */
  dueAt: Date;
  /**
   * For compare-and-swap: changes with every write, every claim, and every {@link ConnectionStore.makeDue} that changes
   * something. A store never gives a user the same version twice, not even after the row was deleted and created again.
   */
  version: number;
}

/** What a write contains; the store fills in the version. */
export type ConnectionStateWrite = Omit<ConnectionState, "version">;

/**
 * Where calbridge remembers users' connections, for `cal.checkConnections()`: one row a user. Any number of processes
 * share it.
 *
 * A method that can't do its work (the database can't be reached) rejects. States are values: a store neither keeps an
 * object that it was given nor returns one that it keeps. "Now" is the store's own clock: the database's, where several
 * processes share it.
 */
export interface ConnectionStore {
  /** The user's state, or `null` if there is none. Its `userId` is the one that is stored, compared exactly. */
  get(userId: string): Promise<ConnectionState | null>;

  /**
   * Writes the state if the stored version is `ifVersion`; with `null`, if there is none. Of several such writes at
   * once, one succeeds. A write ends the user's claim. Returns the stored state, or `null` if the condition failed and
   * nothing was written.
   */
  set(state: ConnectionStateWrite, options: { ifVersion: number | null }): Promise<ConnectionState | null>;

  /**
   * Claims up to `limit` users who are due (`dueAt` is not after now) and not claimed, those who have been
   * due for longest first. No two calls at once get the same user. For `leaseMs` milliseconds no other call gets them;
   * then, unless a write has ended the claim, they are due again. So the state that is returned has a new version, and
   * as `dueAt` the end of the claim.
   */
  claimDue(options: { limit: number; leaseMs: number }): Promise<ConnectionState[]>;

  /**
   * Makes the user due now, if that is earlier than it was, and changes the version; creates the state, with `details:
   * null`, if there is none. Does nothing to a user who is due already. Ends no claim: a user who is claimed is due when
   * the claim ends.
   */
  makeDue(userId: string): Promise<void>;

  /** Removes the user's state, if there is one. */
  delete(userId: string): Promise<void>;
}
