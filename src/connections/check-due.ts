import { CalValidationError, isCalError } from "../errors.js";
import type { ConnectionState } from "../stores/connection-store.js";
import { checkUser } from "./check-user.js";
import type { ConnectionsContext } from "./context.js";
import { calendarTypeOf } from "./describe.js";
import { DueUsers } from "./due-users.js";
import { FAILED_MS } from "./intervals.js";
import { Pace } from "./pace.js";
import type { CheckConnectionsOptions, ConnectionChecksResult } from "./types.js";
import type { UserState } from "./user-state.js";

/** Checks the users who are due. Any number of processes may do that at once. */
export async function checkDue(
  context: ConnectionsContext,
  options: CheckConnectionsOptions,
): Promise<ConnectionChecksResult> {
  const { limit = Number.POSITIVE_INFINITY, concurrency = 5, maxPerMinute = 120, signal } = options;
  assertAbove("limit", limit, 1);
  assertAbove("concurrency", concurrency, 1);
  assertAbove("maxPerMinute", maxPerMinute, 0);
  const queue = new DueUsers(context, { limit, batch: Math.min(concurrency, Math.ceil(maxPerMinute)) });
  const pace = new Pace(maxPerMinute, signal);
  const result: ConnectionChecksResult = {
    checked: 0,
    changed: 0,
    notified: 0,
    failed: 0,
    unavailable: {},
    done: false,
  };
  const work = async (): Promise<void> => {
    while (!signal?.aborted) {
      const claimed = await queue.next();
      if (!claimed) return;
      if (!(await pace.turn())) {
        await queue.giveBack(claimed);
        return;
      }
      await checkClaimed(context, claimed, options, result);
      options.onProgress?.({ ...result, unavailable: { ...result.unavailable } });
    }
  };
  try {
    await together(Math.min(concurrency, limit), work);
  } finally {
    await queue.giveBackAll();
  }
  return { ...result, done: queue.isEmpty };
}

async function checkClaimed(
  context: ConnectionsContext,
  claimed: ConnectionState,
  { restore, onFailure }: CheckConnectionsOptions,
  result: ConnectionChecksResult,
): Promise<void> {
  const { userId } = claimed;
  try {
    // Not the run's signal: a user whose check has begun is checked to the end.
    const { state, changed, notified } = await checkUser(context, userId, { claimed, restore });
    result.checked += 1;
    result.changed += changed;
    result.notified += notified;
    countUnavailable(state, result.unavailable);
  } catch (error) {
    if (isCalError(error) && error.code === "user_not_found") {
      // The user has left the application.
      await context.store.delete(userId);
      return;
    }
    result.failed += 1;
    onFailure?.(userId, error);
    await postpone(context, claimed);
  }
}

/** So that what is wrong with the configuration is not asked again and again. */
async function postpone(
  { store, users, logger }: ConnectionsContext,
  claimed: ConnectionState,
): Promise<void> {
  const { userId, details, version } = claimed;
  try {
    const dueAt = new Date(users.options.now() + FAILED_MS);
    await store.set({ userId, details, dueAt }, { ifVersion: version });
  } catch (error) {
    // The database fails: the claim ends by itself.
    logger?.warn?.("calbridge: a failed check could not be postponed", {
      userId,
      error: isCalError(error) ? error.code : "unknown",
    });
  }
}

function countUnavailable({ calAccount, connections }: UserState, counts: Record<string, number>): void {
  const count = (name: string): void => void (counts[name] = (counts[name] ?? 0) + 1);
  if (calAccount.status === "unavailable") count("cal.com");
  for (const { status, integration } of connections) {
    if (status === "unavailable") count(calendarTypeOf(integration));
  }
}

/** Runs the same work several times at once, waits for all of it, and only then rejects if one of them did. */
async function together(times: number, work: () => Promise<void>): Promise<void> {
  const runs = await Promise.allSettled(Array.from({ length: times }, work));
  const failed = runs.find((run) => run.status === "rejected");
  if (failed) throw failed.reason;
}

function assertAbove(name: string, value: unknown, min: number): void {
  if (typeof value === "number" && (min === 0 ? value > 0 : value >= min)) return;
  throw new CalValidationError(
    `${name} must be a number ${min === 0 ? "above 0" : `of ${String(min)} or more`}.`,
  );
}
