import { CalValidationError, isCalError } from "../errors.js";
import { traitsOf } from "../calendars/providers.js";
import { whenAll } from "../lib/when-all.js";
import type { ConnectionState } from "../stores/connection-store.js";
import { checkUser } from "./check-user.js";
import type { ConnectionsContext } from "./context.js";
import { describeState } from "./describe.js";
import { DueUsers } from "./due-users.js";
import { FAILED_MS } from "./intervals.js";
import { Pace } from "./pace.js";
import { RunEnd } from "./run-end.js";
import type { CheckConnectionsOptions, ConnectionChecksResult } from "./types.js";
import type { UserState } from "./user-state.js";

/** Checks the users who are due. Any number of processes may do that at once. */
export async function checkDue(
  context: ConnectionsContext,
  options: CheckConnectionsOptions,
): Promise<ConnectionChecksResult> {
  const { limit = Number.POSITIVE_INFINITY, concurrency = 5, maxPerMinute = 120 } = options;
  assertNumber("limit", limit, (value) => value === Number.POSITIVE_INFINITY || isCount(value));
  assertNumber("concurrency", concurrency, isCount);
  assertNumber("maxPerMinute", maxPerMinute, (value) => value > 0);
  const { graceMs = Number.POSITIVE_INFINITY } = options;
  assertNumber("graceMs", graceMs, (value) => value >= 0);
  const workers = Math.min(concurrency, limit, Math.ceil(maxPerMinute));
  const queue = new DueUsers(context, { limit, batch: workers });
  const end = new RunEnd(options.signal, graceMs);
  const pace = new Pace(maxPerMinute, () => rateLimitMs(context), end.signal);
  const result: ConnectionChecksResult = {
    checked: 0,
    changed: 0,
    notified: 0,
    failed: 0,
    unavailable: {},
    done: false,
  };
  const work = async (): Promise<void> => {
    // The turn first: a user who is claimed must not wait for longer than the claim lasts.
    while (queue.mayHaveMore && (await pace.turn())) {
      const claimed = await queue.next();
      if (!claimed) {
        end.now();
        return;
      }
      const isChecked = await checkClaimed(context, claimed, { ...options, signal: end.graceSignal }, result);
      if (isChecked) options.onProgress?.({ ...result, unavailable: { ...result.unavailable } });
      else await queue.giveBack(claimed);
    }
  };
  try {
    await whenAll(Array.from({ length: workers }, work));
  } finally {
    end.dispose();
    await queue.giveBackAll();
  }
  return { ...result, done: queue.isEmpty };
}

/** How long a run should wait when the application's clients have few requests left. */
function rateLimitMs({ users: { transport, options } }: ConnectionsContext): number {
  const { managedUsers, oauth } = options;
  const waits = [managedUsers, oauth].map((client) =>
    client ? transport.rateLimits.waitMs(client.clientId) : 0,
  );
  return Math.max(...waits);
}

/** Returns `false` if the run ended before the user was checked. */
async function checkClaimed(
  context: ConnectionsContext,
  claimed: ConnectionState,
  { restore, signal, skip, onCheck, onFailure }: CheckConnectionsOptions,
  result: ConnectionChecksResult,
): Promise<boolean> {
  const { userId } = claimed;
  if (skip?.has(userId)) {
    await postpone(context, claimed);
    return true;
  }
  const outcome = await checkUser(context, userId, { claimed, restore, signal }).catch((error: unknown) => ({
    error,
  }));
  if ("error" in outcome) {
    if (signal?.aborted) return false;
    await countFailure(context, claimed, outcome.error, { onFailure, result });
    return true;
  }
  result.checked += 1;
  result.changed += outcome.changed;
  result.notified += outcome.notified;
  countUnavailable(outcome.state, result.unavailable);
  onCheck?.(describeState(userId, outcome.state));
  return true;
}

async function countFailure(
  context: ConnectionsContext,
  claimed: ConnectionState,
  error: unknown,
  { onFailure, result }: Pick<CheckConnectionsOptions, "onFailure"> & { result: ConnectionChecksResult },
): Promise<void> {
  const { userId } = claimed;
  if (isCalError(error) && error.code === "user_not_found") {
    // The user has left the application.
    await context.store.delete(userId);
    return;
  }
  result.failed += 1;
  await postpone(context, claimed);
  onFailure?.(userId, error);
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
    // The database fails: the claim expires.
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
    if (status === "unavailable") count(traitsOf(integration).calendarType);
  }
}

const rules = {
  limit: "a whole number of 1 or more",
  concurrency: "a whole number of 1 or more",
  maxPerMinute: "a number above 0",
  graceMs: "a number of milliseconds, 0 or more",
};

function assertNumber(name: keyof typeof rules, value: unknown, isValid: (value: number) => boolean): void {
  if (typeof value === "number" && isValid(value)) return;
  throw new CalValidationError(`${name} must be ${rules[name]}.`);
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1;
}
