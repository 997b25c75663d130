import { GONE_AFTER_MS } from "./next-connection.js";
import type { UserState } from "./user-state.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const HEALTHY_MS = 24 * HOUR_MS;
/** Spreads users over the day who were first checked at once. */
const SPREAD = 0.2;
const BROKEN_MS = 6 * HOUR_MS;
const DOUBT_MS = 15 * MINUTE_MS;
const MAX_DOUBT_MS = 6 * HOUR_MS;

/** For a user who could not be checked: what is wrong is not the user's. */
export const FAILED_MS = HOUR_MS;
/** Longer than a check takes. A process that dies meanwhile leaves the user due after this time. */
export const CLAIM_MS = 5 * MINUTE_MS;

/**
 * When a user is to be checked next, in milliseconds since 1970.
 *
 * @param by.random - From 0 to 1.
 * @param by.hasHook - Whether this process can tell what is pending.
 * @param by.isNews - Whether something pending was found just now.
 * @param by.mayRestore - Whether this process may restore what waits for that.
 */
export function nextDueAt(
  state: UserState,
  {
    now,
    random,
    hasHook,
    isNews,
    mayRestore,
  }: { now: number; random: number; hasHook: boolean; isNews: boolean; mayRestore: boolean },
): number {
  const { connections, doubts, pending, hookFailures, calAccount } = state;
  const statuses = [calAccount, ...connections].map(({ status }) => status);
  const waits = [HEALTHY_MS * (1 - SPREAD + 2 * SPREAD * random)];
  if (statuses.includes("broken") || statuses.includes("expiring")) waits.push(BROKEN_MS);
  if (doubts > 0) waits.push(doubled(doubts));
  // Another process may have the hook, and checks the user soon. Only once: perhaps no process has it.
  const hookWait = isNews ? DOUBT_MS : BROKEN_MS;
  if (pending.length > 0) waits.push(hasHook ? doubled(hookFailures) : hookWait);
  if (mayRestore && canRestore(state)) waits.push(DOUBT_MS);
  const missing = connections.flatMap(({ missingSince }) =>
    missingSince === undefined ? [] : [missingSince],
  );
  // Not in the past: the two lists must be that far apart by any clock.
  for (const since of missing) waits.push(Math.max(GONE_AFTER_MS / 2, since + GONE_AFTER_MS - now));
  return now + Math.min(...waits);
}

/** Whether something can be restored now. */
export function canRestore({ connections }: UserState): boolean {
  return connections.some(({ toRestore, status }) => toRestore && status === "connected");
}

/** 15 minutes, doubled each time, up to 6 hours. */
function doubled(times: number): number {
  return Math.min(MAX_DOUBT_MS, DOUBT_MS * 2 ** Math.max(0, times - 1));
}
