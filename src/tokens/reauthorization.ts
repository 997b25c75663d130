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

// A refused refresh token is tried again: a fault at Cal.com, or a wrong base URL, looks the same.
const RETRY_AFTER_MS = [60_000, 10 * 60_000, 60 * 60_000, 24 * 60 * 60_000];

/** When a marked user's refresh token is tried again. */
export function retriesAt({ tries, triedAt }: Reauthorization): number {
  return triedAt + (RETRY_AFTER_MS[Math.min(tries, RETRY_AFTER_MS.length) - 1] ?? 0);
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

/**
 * Many users refused at once are a sign of a wrong base URL or a fault at Cal.com, and not of users who took their
 * consent back.
 */
export class RefusalGuard {
  readonly #refused = new Map<string, number>();
  readonly #issued = new Map<string, number>();

  issued(userId: string, now: number): void {
    this.#refused.delete(userId);
    this.#issued.set(userId, now);
  }

  /** Notes a refusal. Returns whether this one is to be doubted. */
  refused(userId: string, now: number): boolean {
    this.#refused.set(userId, now);
    for (const seen of [this.#refused, this.#issued]) {
      for (const [id, at] of seen) if (now - at > WINDOW_MS) seen.delete(id);
    }
    return this.#refused.size >= MIN_REFUSED_USERS && this.#refused.size > this.#issued.size;
  }
}
