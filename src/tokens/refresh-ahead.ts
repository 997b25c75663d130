import { issueOf } from "../api/token-claims.js";
import { detailsOf } from "./details.js";
import { mayRefresh } from "./reauthorization.js";
import { accessTokenExpiry } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

// Users whose tokens were issued together are not refreshed together.
const SPREAD_MS = 2 * 60_000;
// After a refresh that failed, or that another process does.
const RETRY_MS = 30_000;
const MAX_USERS = 10_000;

/** When a token that still works is refreshed in the background, so that no call has to wait for it. */
export class RefreshAhead {
  readonly #aheadMs: number;
  readonly #startedAt = new Map<string, number>();

  /** @param aheadMs - Life that a token has left when it is refreshed, in milliseconds. 0: never in the background. */
  constructor(aheadMs: number) {
    this.#aheadMs = aheadMs;
  }

  get isOff(): boolean {
    return this.#aheadMs === 0;
  }

  isDue(record: TokenRecord, now: number): boolean {
    if (this.isOff) return false;
    const startedAt = this.#startedAt.get(record.userId);
    if (startedAt !== undefined && now - startedAt < RETRY_MS) return false;
    if (!mayRefresh(record, now)) return false;
    if (isUnconfirmed(record, now)) return true;
    const expiresAt = accessTokenExpiry(record);
    return expiresAt !== null && expiresAt.getTime() - now < this.thresholdOf(record);
  }

  /** Life below which the record's token is refreshed: at most a third of its whole life, less the user's spread. */
  thresholdOf(record: TokenRecord): number {
    const expiresAt = accessTokenExpiry(record)?.getTime();
    const issuedAt = issueOf(record.calAccessToken)?.getTime() ?? record.updatedAt.getTime();
    const third = expiresAt === undefined ? this.#aheadMs : Math.max(0, (expiresAt - issuedAt) / 3);
    const ahead = Math.min(this.#aheadMs, third);
    return ahead - Math.min(SPREAD_MS, ahead / 2) * spreadOf(record.userId);
  }

  started(userId: string, now: number): void {
    if (this.#startedAt.size >= MAX_USERS) this.#startedAt.clear();
    this.#startedAt.set(userId, now);
  }

  forget(userId: string): void {
    this.#startedAt.delete(userId);
  }
}

/** Whether the record's refresh token may be dead although Cal.com issued it, and it is time to find out. */
export function isUnconfirmed(record: TokenRecord, now: number): boolean {
  const { confirmAt } = detailsOf(record);
  return confirmAt !== undefined && now >= confirmAt && mayRefresh(record, now);
}

/** From 0 to 1, always the same for a user. */
function spreadOf(userId: string): number {
  let hash = 0;
  for (let at = 0; at < userId.length; at += 1) hash = (hash * 31 + userId.charCodeAt(at)) % 997;
  return hash / 997;
}
