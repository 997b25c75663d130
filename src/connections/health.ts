import type { ConnectionReason, ConnectionStatus } from "./types.js";
import type { Health } from "./user-state.js";

/** What a check says of something. */
export interface Verdict {
  status: ConnectionStatus;
  reason: ConnectionReason | null;
}

/** A doubt is reported only after this time: outages end. */
export const TELL_DOUBT_AFTER_MS = 24 * 60 * 60_000;

/** The health of something that is seen for the first time: nothing is reported. */
export function firstHealth({ status, reason }: Verdict, now: number): Health {
  // A doubt is no sight: what follows it is the first one.
  return { status, reason, since: now, told: status === "unavailable" ? null : status };
}

/**
 * What becomes of a health by what a check says. If that is to be reported, `told` of the result differs from before, and
 * neither is `null`.
 */
export function nextHealth(before: Health, verdict: Verdict, now: number): Health {
  if (verdict.status === "unavailable") return inDoubt(before, verdict, now);
  const { status, reason } = verdict;
  const since = status === before.status ? before.since : now;
  return { status, reason, since, told: status };
}

function inDoubt(before: Health, { reason }: Verdict, now: number): Health {
  // What can't be read just now is not repaired by that.
  const isCertain = before.status !== "connected" && before.status !== "unavailable";
  if (isCertain) return before;
  const since = before.status === "unavailable" ? before.since : now;
  const isTold = now - since >= TELL_DOUBT_AFTER_MS;
  return { status: "unavailable", reason, since, told: isTold ? "unavailable" : before.told };
}
