import { traced } from "../lib/telemetry.js";
import type { ConnectionState } from "../stores/connection-store.js";
import { CalUser } from "../users/cal-user.js";
import type { ConnectionsContext } from "./context.js";
import { deliver } from "./deliver.js";
import { lookAt, type Look } from "./look.js";
import { mergeRestored } from "./merge-restored.js";
import { amend, note } from "./note.js";
import { restoreConnection, type Restored } from "./restore.js";
import type { UserState } from "./user-state.js";

/** What a check of one user found and did. */
export interface CheckOutcome {
  /** What is remembered now; its `pending` are the changes that this check found, or that waited. */
  state: UserState;
  /** Changes that this check has found. */
  changed: number;
  /** Changes that the hook was called for. */
  notified: number;
}

interface CheckUserOptions {
  /** The user's state, if it was claimed. */
  claimed?: ConnectionState | undefined;
  restore?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Checks one user: reads the connections, remembers what is new, restores what a reconnect has lost, and calls the hook.
 * Of several processes that check one user at once, the one whose write succeeds gives a change its id.
 */
export function checkUser(
  context: ConnectionsContext,
  userId: string,
  options: CheckUserOptions = {},
): Promise<CheckOutcome> {
  const operation = { kind: "connection_check", userId } as const;
  return traced(context.users.options.telemetry, operation, () => check(context, userId, options));
}

async function check(
  context: ConnectionsContext,
  userId: string,
  { claimed, restore, signal }: CheckUserOptions,
): Promise<CheckOutcome> {
  const stored = claimed ?? (await context.store.get(userId));
  // Without `connections`, so that what the check itself finds does not make the user due.
  const { send } = new CalUser(userId, { ...context.users, connections: undefined });
  const look = await lookAt(context, { userId, send }, { signal });
  const powers = {
    hasHook: context.onConnectionChange !== undefined,
    mayRestore: restore ?? !look.isOwnAccount,
  };
  const noted = await note(context, userId, { stored, seen: look.seen, powers });
  if (!noted.hasWork) return { state: noted.state, changed: noted.changed, notified: 0 };
  const restored = powers.mayRestore ? await restoreAll(noted.state, look, { signal }) : [];
  const { pending } = mergeRestored(noted.state, restored);
  const { told, hasFailed } = await deliver(context, userId, { pending, signal });
  const state = await amend(context, noted, powers, (current) => {
    const merged = mergeRestored(current, restored);
    const hookFailures = hasFailed ? merged.hookFailures + 1 : 0;
    return { ...merged, pending: merged.pending.filter(({ id }) => !told.has(id)), hookFailures };
  });
  return { state: { ...state, pending }, changed: noted.changed, notified: told.size };
}

/** Restores, one after another, what connections that work again had before. */
async function restoreAll(
  state: UserState,
  { seen: { list }, send }: Look,
  options: { signal: AbortSignal | undefined },
): Promise<Restored[]> {
  const restored: Restored[] = [];
  if (!list) return restored;
  for (const known of state.connections) {
    if (options.signal?.aborted) return restored;
    const done = known.status === "connected" ? await restoreConnection(send, known, list, options) : null;
    if (done) restored.push(done);
  }
  return restored;
}
