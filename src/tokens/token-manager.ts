import { CalTokenError, isCalError } from "../errors.js";
import { within } from "../lib/deadline.js";
import { SingleFlight } from "../lib/single-flight.js";
import { traced, type Telemetry } from "../lib/telemetry.js";
import type { CheckedStore } from "./checked-store.js";
import { detailsOf } from "./details.js";
import type { GrantedTokens } from "./grant.js";
import { assertMayRefresh, assertNotGone } from "./reauthorization.js";
import { isUnconfirmed, RefreshAhead } from "./refresh-ahead.js";
import { RefreshLease, type LeasedWork } from "./refresh-lease.js";
import { Refresher, type RefresherOptions } from "./refresher.js";
import type { TokenCache } from "./token-cache.js";
import type { ReportTokenRefresh } from "./token-events.js";
import { accessTokenExpiry, userNotFound } from "./token-record.js";
import { meets, type Requirement, type TokenRequirement } from "./token-requirement.js";
import type { TokenRecord } from "./token-store.js";

export interface TokenManagerOptions extends RefresherOptions {
  store: CheckedStore;
  cache: TokenCache;
  /** A token with less life left than this is refreshed before it is used, in milliseconds. */
  refreshWindowMs: number;
  /** A token with less life left than this is used, and refreshed in the background. 0: never. */
  refreshAheadMs: number;
  /** Whether Cal.com accepts few more requests of the client that this record's refresh counts against. */
  isRateLimitLow: (record: TokenRecord) => boolean;
  report: ReportTokenRefresh;
  /** Keeps the runtime from stopping work that its callers may no longer wait for. */
  waitUntil: (work: Promise<unknown>) => void;
  telemetry?: Telemetry | undefined;
}

/** A record with tokens, and whether they were issued for this call: then a refusal is final. */
export interface UsableTokens {
  record: TokenRecord;
  isIssued: boolean;
}

/** The record that meets a requirement, and how it was had. `stored`: it was in the store already. */
interface Resolved {
  record: TokenRecord;
  outcome: "stored" | "refreshed" | "refreshed_elsewhere" | "recovered";
}

const MAX_RETRIES = 2;
const ignore = (): void => undefined;

/**
 * Returns tokens that work. Of all callers, in this process and in others, one refreshes, and all use its result. The
 * steps:
 *
 * 1. A token with enough life left is used. If it is in the cache, the store is not read. If it has not much life left,
 *    it is refreshed in the background (`refresh-ahead`).
 * 2. If a refresh of this user is in flight in this process, the caller joins it.
 * 3. The lease is acquired (`refresh-lease`). While another process holds it, the store is read now and then.
 * 4. Under the lease the store is read again: newer tokens are used, not refreshed.
 * 5. Refresh, recover or mark the user, and write by compare-and-swap (`refresher`).
 * 6. Release the lease, and report the outcome.
 */
export class TokenManager {
  readonly #options: TokenManagerOptions;
  readonly #inFlight: SingleFlight<Resolved>;
  readonly #lease: RefreshLease;
  readonly #refresher: Refresher;
  readonly #ahead: RefreshAhead;
  /** Work under a lease that is no refresh. */
  readonly #leased = new Set<Promise<void>>();
  #isClosed = false;

  constructor(options: TokenManagerOptions) {
    this.#options = options;
    this.#inFlight = new SingleFlight(options.waitUntil);
    this.#lease = new RefreshLease(options);
    this.#refresher = new Refresher(options);
    this.#ahead = new RefreshAhead(options.refreshAheadMs);
  }

  /** Tokens that meet the requirement. */
  async usable(userId: string, requirement: TokenRequirement): Promise<UsableTokens> {
    const { signal, timeoutMs } = requirement;
    signal?.throwIfAborted();
    const cached = this.#options.cache.get(userId);
    if (cached && this.#isUsable(cached, requirement)) return this.#use(cached);

    const startedAt = this.#options.now();
    const message = `The user's tokens were not available within ${String(timeoutMs)} ms. A refresh in flight goes on; try again.`;
    const limit = { signal, time: { ms: timeoutMs, message } };
    for (;;) {
      const own = { isRun: false };
      const joined = this.#inFlight.join(userId, (isCurrent) => {
        own.isRun = true;
        return this.#run(userId, requirement, isCurrent);
      });
      const { record, outcome } = await within(joined, limit);
      // A token that was just issued can't be improved. One that was only found may not meet this requirement.
      const isIssued = outcome === "refreshed" || outcome === "recovered";
      if (own.isRun) return isIssued ? { record, isIssued } : this.#use(record);
      if (this.#meets(record, isIssued ? { ...requirement, minTtlMs: 0 } : requirement)) {
        // A joined read of the store is not worth reporting.
        if (outcome === "stored") return this.#use(record);
        const durationMs = this.#options.now() - startedAt;
        await this.#options.report({ userId, outcome: "joined", durationMs }, record);
        return { record, isIssued };
      }
    }
  }

  /** The user's record as it is, whether its tokens work or not: nothing is refreshed. */
  async find(userId: string): Promise<TokenRecord | null> {
    const { cache, store } = this.#options;
    return cache.get(userId) ?? (await store.get(userId));
  }

  /**
   * Compares what is cached with what the store has: another process may have replaced the record, by that of another
   * Cal.com user even.
   */
  compareCached(userId: string, stored: TokenRecord | null): void {
    const cached = this.#options.cache.get(userId);
    if (!cached) return;
    if (stored?.calUserId !== cached.calUserId) this.forget(userId);
    else if (detailsOf(stored).rotation > detailsOf(cached).rotation) this.#options.cache.delete(userId);
  }

  /** Drops what is known of the user: its record was deleted or replaced. */
  forget(userId: string): void {
    this.#options.cache.delete(userId);
    this.#inFlight.forget(userId);
    this.#refresher.forget(userId);
    this.#ahead.forget(userId);
  }

  /** Does work that must not overlap with a refresh of this user, in any process. */
  withLease<T>(userId: string, work: LeasedWork<T>, maxWaitMs?: number): Promise<T> {
    const running = this.#withLease(userId, work, maxWaitMs);
    const settled = running.then(ignore, ignore).finally(() => this.#leased.delete(settled));
    this.#leased.add(settled);
    return running;
  }

  async #withLease<T>(userId: string, work: LeasedWork<T>, maxWaitMs?: number): Promise<T> {
    // There is nothing to look for but the lease.
    await this.#lease.wait(userId, () => Promise.resolve(null), work, maxWaitMs);
    const lease = this.#lease.hold(userId, work);
    try {
      return await work(lease);
    } finally {
      await lease.release();
    }
  }

  /** Keeps a pair in memory in case Cal.com refuses that of the record, which is newer. */
  keepSpare(record: TokenRecord, tokens: GrantedTokens): void {
    this.#refresher.keepSpare(record, tokens);
  }

  /** Records that Cal.com no longer has the account that these tokens are for. */
  async markGone(record: TokenRecord): Promise<void> {
    this.#options.cache.delete(record.userId);
    await this.#refresher.markGone(record);
  }

  /** Starts no refresh from now on, and waits for those in flight and for their writes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all([this.#inFlight.settled(), ...this.#leased]);
    try {
      await this.#refresher.writeUnsaved();
    } catch (error) {
      this.#options.warn("calbridge: refreshed tokens could not be written before the end", { error });
    }
  }

  /** Whether tokens that were found are used without a wait. */
  #isUsable(record: TokenRecord, requirement: Requirement): boolean {
    if (!this.#meets(record, requirement)) return false;
    // What can't be confirmed in the background is confirmed here.
    return this.#isClosed || !this.#ahead.isOff || !isUnconfirmed(record, this.#now());
  }

  #meets(record: TokenRecord, requirement: Requirement): boolean {
    return meets(record, requirement, this.#options.refreshWindowMs, this.#now());
  }

  #now(): number {
    return this.#options.now() - this.#refresher.clockAheadMs;
  }

  /** Uses tokens that were found, and refreshes them in the background if it is time. */
  #use(record: TokenRecord): UsableTokens {
    const { userId } = record;
    const isDue = !this.#isClosed && this.#ahead.isDue(record, this.#now());
    // The last requests of a limit are for calls that a user waits for. The token works for some minutes more.
    if (isDue && !this.#options.isRateLimitLow(record)) {
      const requirement = { minTtlMs: this.#ahead.thresholdOf(record) };
      const run = (isCurrent: () => boolean): Promise<Resolved> =>
        this.#run(userId, requirement, isCurrent, true);
      // A failure is reported already. The caller has a token that works.
      this.#inFlight.join(userId, run).catch(() => undefined);
      this.#ahead.started(userId, this.#now());
    }
    return { record, isIssued: false };
  }

  /** The work for one user. It belongs to no caller: when they stop waiting, it goes on. */
  async #run(
    userId: string,
    requirement: Requirement,
    isCurrent: () => boolean,
    isBackground = false,
  ): Promise<Resolved> {
    const { now, cache, report } = this.#options;
    const startedAt = now();
    try {
      const resolved = await this.#resolve(userId, requirement, isCurrent, isBackground);
      const { record, outcome } = resolved;
      if (isCurrent()) cache.set(record);
      if (outcome !== "stored") await report({ userId, outcome, durationMs: now() - startedAt }, record);
      return resolved;
    } catch (error) {
      if (isCurrent()) cache.delete(userId);
      const code = isCalError(error) ? error.code : undefined;
      // Not reported as a failure: the user was never created, or was deleted on purpose.
      if (code !== "user_not_found") {
        const durationMs = now() - startedAt;
        await report({ userId, outcome: "failed", durationMs, ...(code && { error: code }) });
      }
      throw error;
    }
  }

  async #resolve(
    userId: string,
    requirement: Requirement,
    isCurrent: () => boolean,
    isBackground: boolean,
  ): Promise<Resolved> {
    const { store, cache } = this.#options;
    const cached = cache.get(userId);
    const known = cached ? detailsOf(cached).rotation : undefined;
    const record = await store.get(userId);
    if (!record) throw userNotFound();
    assertNotGone(record);
    const isEnough = isBackground
      ? this.#meets(record, requirement) && !isUnconfirmed(record, this.#now())
      : this.#isUsable(record, requirement);
    if (isEnough) {
      const isNewer = known !== undefined && detailsOf(record).rotation > known;
      return { record, outcome: isNewer ? "refreshed_elsewhere" : "stored" };
    }
    if (this.#isClosed) {
      throw new CalTokenError(
        "The client was closed, and this user's access token needs a refresh.",
        "client_closed",
      );
    }
    try {
      // No lease is needed to know this. A pair that waits to be written may end it.
      if (!this.#refresher.hasUnsaved(userId)) assertMayRefresh(record, this.#now());
      const { telemetry } = this.#options;
      return await traced(telemetry, { kind: "refresh", userId, isBackground }, async (report) => {
        const resolved = await this.#refresh(record, requirement, isCurrent, isBackground);
        report({ outcome: resolved.outcome });
        return resolved;
      });
    } catch (error) {
      return this.#orOldToken(record, requirement, error);
    }
  }

  /** A refresh failed. If the old token still works and no certain life is required, calls go on with it. */
  #orOldToken(stale: TokenRecord, requirement: Requirement, error: unknown): Resolved {
    const isFinal = isCalError(error) && ["user_not_found", "cal_user_gone"].includes(error.code);
    if (isFinal || requirement.minTtlMs !== undefined) throw error;
    if (!accessTokenExpiry(stale) || !this.#meets(stale, { ...requirement, minTtlMs: 0 })) throw error;
    this.#options.warn("calbridge: a refresh failed; the old access token is used while it works", {
      userId: stale.userId,
      error: isCalError(error) ? error.code : "unknown",
    });
    return { record: stale, outcome: "stored" };
  }

  async #refresh(
    stale: TokenRecord,
    requirement: Requirement,
    isCurrent: () => boolean,
    isBackground: boolean,
  ): Promise<Resolved> {
    const { userId } = stale;
    // It also names this run as the holder of the lease.
    const meets = (record: TokenRecord): boolean =>
      this.#meets(record, requirement) && !isUnconfirmed(record, this.#now());
    const look = async (): Promise<TokenRecord | null> => {
      const record = await this.#read(userId);
      return meets(record) ? record : null;
    };
    if (isBackground) {
      // Another process refreshes already: its tokens are found when they are needed.
      if (!(await this.#lease.acquire(userId, meets))) return { record: stale, outcome: "stored" };
    } else {
      const newer = await this.#lease.wait(userId, look, meets);
      if (newer) return { record: newer, outcome: "refreshed_elsewhere" };
    }
    const lease = this.#lease.hold(userId, meets);
    try {
      const current = await this.#read(userId);
      if (meets(current)) return { record: current, outcome: "refreshed_elsewhere" };
      return await this.#refresher.run(current, { meets, lease, isCurrent, retriesLeft: MAX_RETRIES });
    } finally {
      await lease.release();
    }
  }

  async #read(userId: string): Promise<TokenRecord> {
    const record = await this.#options.store.get(userId);
    if (!record) throw userNotFound("This user was deleted while its tokens were being refreshed.");
    return record;
  }
}
