import { isCalError } from "../../errors.js";
import { sha256 } from "../../lib/digest.js";
import { HttpError } from "../http/http-error.js";
import { success } from "../http/responses.js";
import { finishRollBacks } from "../oauth/roll-back.js";
import type { Route } from "../types.js";

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
    const { cron } = context.options;
    if (!cron) {
      throw new HttpError(404, "not_found", "This route is off. For a scheduler: cronSecret.");
    }
    if (!(await isBearer(request.headers.get("authorization"), cron.secret))) {
      const headers = { "WWW-Authenticate": "Bearer" };
      throw new HttpError(401, "unauthenticated", "Send Authorization: Bearer with the cronSecret.", headers);
    }
    const { runChecks } = await import("./run-checks.js");
    return success(await runChecks(context, cron, { finishRollBacks, isCalError }));
  },
};

/** Compares hashes, so that the time does not depend on how much of the secret is right. */
async function isBearer(header: string | null, secret: string): Promise<boolean> {
  const [given, expected] = await Promise.all([sha256(header ?? ""), sha256(`Bearer ${secret}`)]);
  let difference = 0;
  for (const [index, byte] of expected.entries()) difference |= byte ^ (given[index] ?? 0);
  return difference === 0;
}
