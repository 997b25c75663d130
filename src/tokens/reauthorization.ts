import { CalTokenError } from "../errors.js";
import { detailsOf, type Reauthorization, type ReauthorizationReason } from "./details.js";
import { accessTokenExpiry } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

/** What the hook `onReauthorizationRequired` receives. Holds no token. */
export interface ReauthorizationInfo {
  userId: string;
  /** `revoked`: Cal.com refuses the refresh token; `expired`: it was not used in time; `cal_user_gone`: Cal.com no longer has the account. */
  reason: ReauthorizationReason;
  since: Date;
  /** Until when calls still work. `null` if they don't, or if that is not known. */
  worksUntil: Date | null;
}

/** A request of ours can no longer be running at Cal.com after this time. */
export const MAY_STILL_RUN_MS = 60_000;

// A refused refresh token is tried again: a fault at Cal.com, or a wrong base URL, looks the same.
const RETRY_AFTER_MS = [60_000, 10 * 60_000, 60 * 60_000, 24 * 60 * 60_000];

/** When a marked user's refresh token is tried again. */
function retriesAt({ reason, tries, triedAt }: Reauthorization): number {
  // A deleted account does not come back, though its refresh token goes on working.
  if (reason === "cal_user_gone") return Number.POSITIVE_INFINITY;
  // Whether a token has expired is decided by the clock, each time.
  if (reason === "expired") return 0;
  return triedAt + (RETRY_AFTER_MS[Math.min(tries, RETRY_AFTER_MS.length) - 1] ?? 0);
}

/** Whether the record's tokens may be refreshed now: nothing was sent just now, and no mark says to wait. */
export function mayRefresh(record: TokenRecord, now: number): boolean {
  const { refreshSentAt, reauthorization } = detailsOf(record);
  if (refreshSentAt !== undefined && now < refreshSentAt + MAY_STILL_RUN_MS) return false;
  return !reauthorization || now >= retriesAt(reauthorization);
}

/** Throws if the user has to link again, and it is not time yet to try the refresh token once more. */
export function assertMayRefresh(record: TokenRecord, now: number): void {
  const { reauthorization } = detailsOf(record);
  if (reauthorization && now < retriesAt(reauthorization)) {
    throw reauthorizationRequired(reauthorization.reason);
  }
}

/** Throws if Cal.com no longer has the user's account: no token of it works. */
export function assertNotGone(record: TokenRecord): void {
  if (detailsOf(record).reauthorization?.reason === "cal_user_gone") {
    throw reauthorizationRequired("cal_user_gone");
  }
}

/** The mark of a user whose refresh token was refused now. */
export function markAfter(
  mark: Reauthorization | undefined,
  reason: ReauthorizationReason,
  now: number,
): Reauthorization {
  return { reason, since: mark?.since ?? now, tries: (mark?.tries ?? 0) + 1, triedAt: now };
}

/** What a mark means for the application. */
export function describeMark(record: TokenRecord, now: number): ReauthorizationInfo | null {
  const mark = detailsOf(record).reauthorization;
  if (!mark) return null;
  const expiry = accessTokenExpiry(record);
  const worksUntil = mark.reason !== "cal_user_gone" && expiry && expiry.getTime() > now ? expiry : null;
  return { userId: record.userId, reason: mark.reason, since: new Date(mark.since), worksUntil };
}

/** The error of a user that has to connect to Cal.com again. */
export function reauthorizationRequired(reason: ReauthorizationReason): CalTokenError {
  if (reason === "cal_user_gone") {
    return new CalTokenError("Cal.com no longer has this user's account.", "cal_user_gone");
  }
  const why =
    reason === "expired"
      ? "The user's refresh token has expired: it was not used in time"
      : "Cal.com does not accept the user's refresh token any more";
  return new CalTokenError(
    `${why}. The user has to connect the Cal.com account again.`,
    "reauthorization_required",
  );
}
