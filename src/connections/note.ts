import { CalStoreError } from "../errors.js";
import type { ConnectionState } from "../stores/connection-store.js";
import { userNotFound } from "../tokens/token-record.js";
import { compare } from "./compare.js";
import type { ConnectionsContext } from "./context.js";
import { canRestore, CLAIM_MS, nextDueAt } from "./intervals.js";
import { limited } from "./limits.js";
import type { Seen } from "./seen.js";
import { parseState, type UserState } from "./user-state.js";

const MAX_ROUNDS = 10;
// The store's clock may be ahead of this one, and time has passed since the check began. Any other date is later.
const MADE_DUE_WITHIN_MS = 20_000;

/** What this process may do about what a check finds. */
export interface Powers {
  /** Whether it can tell the hook. */
  hasHook: boolean;
  /** Whether it may restore calendars. */
  mayRestore: boolean;
}

/** A state that was written, and what it means. */
export interface Noted {
  stored: ConnectionState;
  state: UserState;
  /** Changes that this check has found. */
  changed: number;
  /** Whether something is left to do: to restore, or to tell. */
  hasWork: boolean;
}

/**
 * Remembers what a check has seen, by compare-and-swap. The change that a write contains has its id from then on.
 *
 * @param stored - The state from before the check; `null` if there was none.
 */
export async function note(
  context: ConnectionsContext,
  userId: string,
  { stored, seen, powers }: { stored: ConnectionState | null; seen: Seen; powers: Powers },
): Promise<Noted> {
  const now = context.users.options.now();
  let current = stored;
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const previous = parseState(current?.details ?? null);
    // Another process has looked later, has noted that, and does the work.
    if (current && previous && round > 0 && previous.seenAt >= seen.at) {
      return { stored: current, state: previous, changed: 0, hasWork: false };
    }
    const state = compare(previous, seen, { now, newId: () => crypto.randomUUID() });
    const hasWork = hasWorkFor(powers, state);
    const known = previous?.pending.map(({ id }) => id) ?? [];
    const changed = state.pending.filter(({ id }) => !known.includes(id)).length;
    // Should the process die before the work is done, another one does it.
    const nextAt = hasWork
      ? now + CLAIM_MS
      : nextDueAt(state, { now, random: Math.random(), isNews: changed > 0, ...powers });
    const dueAt = orMadeDue(nextAt, now, round > 0 ? current?.dueAt : undefined);
    const write = { userId, details: JSON.stringify(state), dueAt: new Date(dueAt) };
    const written = await context.store.set(write, { ifVersion: current?.version ?? null });
    if (written) return { stored: written, state, changed, hasWork };
    const hadState = current !== null;
    current = await context.store.get(userId);
    // Deleted while it was checked: it does not come back.
    if (!current && hadState) throw userNotFound("This user was deleted while its connections were checked.");
  }
  throw changesTooOften();
}

/** Changes what is remembered, by compare-and-swap, after the work that {@link note} left. */
export async function amend(
  context: ConnectionsContext,
  { stored, state, changed }: Noted,
  powers: Powers,
  change: (state: UserState) => UserState,
): Promise<UserState> {
  const now = context.users.options.now();
  let current: ConnectionState = stored;
  let amended = limited(change(state), now);
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const nextAt = nextDueAt(amended, { now, random: Math.random(), isNews: changed > 0, ...powers });
    const dueAt = orMadeDue(nextAt, now, round > 0 ? current.dueAt : undefined);
    const write = { userId: stored.userId, details: JSON.stringify(amended), dueAt: new Date(dueAt) };
    if (await context.store.set(write, { ifVersion: current.version })) return amended;
    const latest = await context.store.get(stored.userId);
    const latestState = parseState(latest?.details ?? null);
    // Deleted: nothing is to be remembered.
    if (!latest || !latestState) return amended;
    current = latest;
    amended = limited(change(latestState), now);
  }
  throw changesTooOften();
}

function hasWorkFor({ hasHook, mayRestore }: Powers, state: UserState): boolean {
  return (hasHook && state.pending.length > 0) || (mayRestore && canRestore(state));
}

/** Made due while the check ran: what it has seen may be older than the reason for that. */
function orMadeDue(nextAt: number, now: number, madeDueAt: Date | undefined): number {
  return madeDueAt && madeDueAt.getTime() <= now + MADE_DUE_WITHIN_MS ? madeDueAt.getTime() : nextAt;
}

function changesTooOften(): CalStoreError {
  return new CalStoreError(
    "The user's connection state changed during every attempt to write it. Try again.",
  );
}
