import type { ConnectionsContext } from "./context.js";

const DAY_MS = 24 * 60 * 60_000;

/** Options of `cal.enrollConnections()`. */
export interface EnrollConnectionsOptions {
  /** Continue after this user: `after` of an earlier run that was stopped. */
  after?: string | undefined;
  /** Stops the work after the current user; the promise then resolves with `done: false`. */
  signal?: AbortSignal | undefined;
  /** Called after each user. */
  onProgress?: ((progress: EnrollConnectionsResult) => void) | undefined;
}

/** How far `cal.enrollConnections()` has come. */
export interface EnrollConnectionsResult {
  /** Users that were looked at in this run. */
  checked: number;
  /** Users that were added. */
  enrolled: number;
  /** The last user that was looked at: where to continue. */
  after: string | undefined;
  /** Whether all users were looked at. */
  done: boolean;
}

/** Adds all users of the token store whom the connection store does not have, due at random times of the next day. */
export async function enroll(
  { users, store }: ConnectionsContext,
  { after, signal, onProgress }: EnrollConnectionsOptions,
): Promise<EnrollConnectionsResult> {
  const progress: EnrollConnectionsResult = { checked: 0, enrolled: 0, after, done: false };
  for await (const userId of users.store.userIds(after)) {
    if (signal?.aborted) return progress;
    const dueAt = new Date(users.options.now() + Math.random() * DAY_MS);
    const written = await store.set({ userId, details: null, dueAt }, { ifVersion: null });
    progress.checked += 1;
    if (written) progress.enrolled += 1;
    progress.after = userId;
    onProgress?.({ ...progress });
  }
  return { ...progress, done: true };
}
