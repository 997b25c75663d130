import { sha256 } from "../../lib/digest.js";
import { HttpError } from "../http/http-error.js";
import { success } from "../http/responses.js";
import { finishAllRollBacks } from "../oauth/finish-roll-backs.js";
import type { Route } from "../types.js";

/** For checks in flight when the time is up: a platform ends requests that take much longer. */
const GRACE_MS = 5_000;

/**
 * `GET` or `POST /connections/check`: for a scheduler, such as Vercel Cron. Finishes pending roll-backs, checks users who are
 * due until its time is up, and returns how far it came. Authenticated by `cronSecret`; off without it.
 */
export const checkConnections: Route = {
  name: "checkConnections",
  methods: ["GET", "POST"],
  // No browser adds this header to a request of another site.
  refusesCrossSite: false,
  async run(request, context) {
    const { cron, client, logger } = context.options;
    if (!cron) {
      throw new HttpError(404, "not_found", "This route is off. For a scheduler: cronSecret.");
    }
    if (!(await isBearer(request.headers.get("authorization"), cron.secret))) {
      const headers = { "WWW-Authenticate": "Bearer" };
      throw new HttpError(401, "unauthenticated", "Send Authorization: Bearer with the cronSecret.", headers);
    }
    const { timeBudgetMs, maxPerMinute, concurrency } = cron;
    const signal = AbortSignal.timeout(timeBudgetMs);
    // First, so that a check does not take such a calendar for the user's own.
    const { disconnected, pending } = await finishAllRollBacks(
      context,
      AbortSignal.timeout(timeBudgetMs / 2),
    );
    const checks =
      client.hasConnectionStore !== false &&
      (await client.checkConnections?.({
        maxPerMinute,
        concurrency,
        signal,
        graceMs: GRACE_MS,
        skip: new Set(pending),
        onFailure: (userId) =>
          logger?.warn?.("calbridge: a user's connections could not be checked", { userId }),
      }));
    return success({ done: true, ...checks, rollBacks: { disconnected, pending: pending.length } });
  },
};

/** Compares hashes, so that the time does not depend on how much of the secret is right. */
async function isBearer(header: string | null, secret: string): Promise<boolean> {
  const [given, expected] = await Promise.all([sha256(header ?? ""), sha256(`Bearer ${secret}`)]);
  let difference = 0;
  for (const [index, byte] of expected.entries()) difference |= byte ^ (given[index] ?? 0);
  return difference === 0;
}
