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

const WINDOW_MS = 10 * 60_000;
const MIN_REFUSED_USERS = 5;
// A fault is over by then. Users whose consent was really ended are told, though there are many of them.
const MAX_DOUBT_MS = 60 * 60_000;
const MAX_SEEN_USERS = 1000;

/**
 * Many users refused at once are a sign of a fault at Cal.com or of another program that refreshes the same tokens, and
 * not of users who took their consent back.
 *
 * The first four users of such a fault are marked before it is seen, in each process: a user who is really refused must
 * be told at once, and one refusal looks like the other. Their marks do no lasting harm: the tokens are kept and tried
 * again after a minute, and a success removes the mark. A wrong base URL marks nobody: a server that does not know the
 * client refuses the client, not the refresh token, and what is no Cal.com has no such refusal at all.
 *
 * The doubt about a user ends after an hour of refusals: consents can end for many users at once.
 */
export class RefusalGuard {
  readonly #refused = new Map<string, number>();
  /** When a refusal was first doubted, by user. */
  readonly #doubted = new Map<string, number>();
  readonly #issued = new Map<string, number>();
  #doubtedAt = Number.NEGATIVE_INFINITY;

  issued(userId: string, now: number): void {
    this.#refused.delete(userId);
    this.#doubted.delete(userId);
    this.#issued.set(userId, now);
    if (this.#issued.size > MAX_SEEN_USERS) this.#forgetOld(now);
  }

  /** Notes a refusal. Returns a doubt if it is one of many; `isNew` for the first one of a series. */
  refused(userId: string, now: number): { isNew: boolean } | null {
    this.#issued.delete(userId);
    this.#refused.set(userId, now);
    this.#forgetOld(now);
    if (this.#refused.size < MIN_REFUSED_USERS || this.#refused.size <= this.#issued.size) return null;
    const doubtedSince = this.#doubted.get(userId) ?? now;
    if (now - doubtedSince >= MAX_DOUBT_MS) return null;
    this.#doubted.set(userId, doubtedSince);
    const isNew = now - this.#doubtedAt > WINDOW_MS;
    this.#doubtedAt = now;
    return { isNew };
  }

  #forgetOld(now: number): void {
    for (const seen of [this.#refused, this.#issued]) {
      for (const [id, at] of seen) if (now - at > WINDOW_MS) seen.delete(id);
    }
    // The oldest go first.
    for (const seen of [this.#issued, this.#doubted]) {
      for (const id of seen.keys()) {
        if (seen.size <= MAX_SEEN_USERS) break;
        seen.delete(id);
      }
    }
  }
}
