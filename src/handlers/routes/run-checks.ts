import { finishAllRollBacks, type Tools } from "../oauth/finish-roll-backs.js";
import type { ResolvedHandlersOptions } from "../resolve-options.js";
import type { HandlerContext } from "../types.js";

// Loaded when it is needed. It imports nothing that the handlers have: see finish-roll-backs.ts.

/** For checks in flight when the time is up: a platform ends requests that take much longer. */
const GRACE_MS = 5_000;

/** Finishes pending roll-backs, then checks users who are due, until the time is up. Returns how far it came. */
export async function runChecks(
  context: HandlerContext,
  { timeBudgetMs, maxPerMinute, concurrency }: NonNullable<ResolvedHandlersOptions["cron"]>,
  tools: Tools,
): Promise<object> {
  const { client, logger } = context.options;
  const [half, whole] = [new AbortController(), new AbortController()];
  const timers = [
    setTimeout(() => half.abort(), timeBudgetMs / 2),
    setTimeout(() => whole.abort(), timeBudgetMs),
  ];
  try {
    // First, so that a check does not take such a calendar for the user's own.
    const { disconnected, pending } = await finishAllRollBacks(context, tools, half.signal);
    const checks =
      client.hasConnectionStore !== false &&
      (await client.checkConnections?.({
        maxPerMinute,
        concurrency,
        signal: whole.signal,
        graceMs: GRACE_MS,
        skip: new Set(pending),
        onFailure: (userId) =>
          logger?.warn?.("calbridge: a user's connections could not be checked", { userId }),
      }));
    return { done: true, ...checks, rollBacks: { disconnected, pending: pending.length } };
  } finally {
    for (const timer of timers) clearTimeout(timer);
  }
}
