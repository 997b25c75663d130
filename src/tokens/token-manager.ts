import { CalStoreError, CalTimeoutError, CalTokenError, isCalError, type CalError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import { within } from "../lib/deadline.js";
import { SingleFlight } from "../lib/single-flight.js";
import type { CheckedStore } from "./checked-store.js";
import type { Grant, GrantedTokens } from "./grant.js";
import { RefreshLease } from "./refresh-lease.js";
import type { TokenCache } from "./token-cache.js";
import type { ReportTokenRefresh } from "./token-events.js";
import { toWrite, userNotFound } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

export interface TokenManagerOptions {
  store: CheckedStore;
  grant: Grant;
  cache: TokenCache;
  /** A token with less life left than this is refreshed before it is used. */
  refreshWindowMs: number;
  now: () => number;
  report: ReportTokenRefresh;
  /** Keeps the runtime from stopping work that its callers may no longer wait for. */
  waitUntil: (work: Promise<unknown>) => void;
  /** Logs a problem that no caller waits to hear of. */
  warn: (message: string, fields: object) => void;
}

/** What a caller requires of a token. */
export interface TokenRequirement {
  /**
   * Life that it must have left, in milliseconds.
   * @defaultValue `refreshWindowMs`
   */
  minTtlMs?: number | undefined;
  /** An access token that Cal.com has refused: any other one will do. */
  rejected?: string | undefined;
  /** How long the caller waits, in milliseconds; the refresh goes on without it. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

type Requirement = Pick<TokenRequirement, "minTtlMs" | "rejected">;

/** The record that meets a requirement, and how it was had. `stored`: it was in the store already. */
interface Resolved {
  record: TokenRecord;
  outcome: "stored" | "refreshed" | "refreshed_elsewhere" | "recovered";
}

// For waiting on another process's lease: a refresh may take a minute (see the grant), then its write.
const MAX_LEASE_WAIT_MS = 90_000;
const MAX_WRITE_ATTEMPTS = 4;
// Tokens name the second in which they were issued, and most clocks are a little wrong.
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Returns tokens that work. Of all callers, in this process and in others, one refreshes, and all use its result. The
 * steps, from top to bottom of this class:
 *
 * 1. A token with enough life left is used. If it is in the cache, the store is not read.
 * 2. If a refresh of this user is in flight in this process, the caller joins it.
 * 3. The lease is acquired. While another process holds it, the store is read now and then for newer tokens.
 * 4. Under the lease the store is read again: newer tokens are used, not refreshed.
 * 5. Refresh. If the refresh token is not accepted, read again; only then recover, still under the lease.
 * 6. Write by compare-and-swap. If the record was deleted meanwhile, it stays deleted. If it has newer tokens, those
 *    are used.
 * 7. Release the lease, and report the outcome.
 */
export class TokenManager {
  readonly #options: TokenManagerOptions;
  readonly #inFlight: SingleFlight<Resolved>;
  /** Pairs that Cal.com has issued and the store could not write: the only ones of their user that work. */
  readonly #unsaved = new Map<string, { tokens: GrantedTokens; version: number }>();
  readonly #lease: RefreshLease;
  /** How far this machine's clock is ahead of Cal.com's, as measured at the last refresh. */
  #clockAheadMs = 0;
  #isClosed = false;

  constructor(options: TokenManagerOptions) {
    this.#options = options;
    this.#inFlight = new SingleFlight(options.waitUntil);
    this.#lease = new RefreshLease(options);
  }

  /** A record whose access token meets the requirement. */
  async usable(userId: string, requirement: TokenRequirement): Promise<TokenRecord> {
    const { signal, timeoutMs } = requirement;
    signal?.throwIfAborted();
    const cached = this.#options.cache.get(userId);
    if (cached && this.#meets(cached, requirement)) return cached;

    const startedAt = this.#options.now();
    const message = `The user's tokens were not available within ${String(timeoutMs)} ms. A refresh in flight goes on; try again.`;
    const limit = { signal, time: { ms: timeoutMs, message } };
    for (;;) {
      const run = { isOwn: false };
      const joined = this.#inFlight.join(userId, (isCurrent) => {
        run.isOwn = true;
        return this.#run(userId, requirement, isCurrent);
      });
      const { record, outcome } = await within(joined, limit);
      if (run.isOwn) return record;
      // A token that was just issued can't be improved. One that was only found may not meet this requirement.
      const isIssued = outcome === "refreshed" || outcome === "recovered";
      if (this.#meets(record, isIssued ? { ...requirement, minTtlMs: 0 } : requirement)) {
        const durationMs = this.#options.now() - startedAt;
        // A joined read of the store is not worth reporting.
        if (outcome !== "stored") {
          await this.#options.report({ userId, outcome: "joined", durationMs }, record);
        }
        return record;
      }
    }
  }

  /** The user's record as it is, whether its tokens work or not: nothing is refreshed. */
  async find(userId: string): Promise<TokenRecord | null> {
    const { cache, store } = this.#options;
    return cache.get(userId) ?? (await store.get(userId));
  }

  /** Drops what is known of the user: its record was deleted or replaced. */
  forget(userId: string): void {
    this.#options.cache.delete(userId);
    this.#inFlight.forget(userId);
    this.#unsaved.delete(userId);
  }

  /** Starts no refresh from now on, and waits for those in flight and their writes. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.#inFlight.settled();
  }

  #meets(record: TokenRecord, requirement: Requirement): boolean {
    const { minTtlMs = this.#options.refreshWindowMs, rejected } = requirement;
    if (record.calAccessToken === rejected) return false;
    const expiresAt = record.calAccessTokenExpiresAt ?? this.#options.grant.expiryOf(record.calAccessToken);
    // Not known: used until Cal.com refuses it, but not where a certain life is required.
    if (!expiresAt) return minTtlMs <= this.#options.refreshWindowMs;
    return expiresAt.getTime() - this.#now() > minTtlMs;
  }

  #now(): number {
    return this.#options.now() - this.#clockAheadMs;
  }

  /** Gets tokens issued, and compares the clocks: to a clock that is ahead, each new token would look old. */
  async #issue(request: () => Promise<GrantedTokens | null>): Promise<GrantedTokens | null> {
    const requestedAt = this.#options.now();
    const tokens = await request();
    // Compared with the time of the request: with a clock that is right, tokens are issued after it, however long
    // the response takes.
    const aheadMs = tokens?.issuedAt ? requestedAt - tokens.issuedAt.getTime() : 0;
    if (aheadMs > CLOCK_TOLERANCE_MS) {
      this.#options.warn("calbridge: this machine's clock is ahead of Cal.com's", { aheadMs });
    }
    if (tokens?.issuedAt) this.#clockAheadMs = aheadMs > CLOCK_TOLERANCE_MS ? aheadMs : 0;
    return tokens;
  }

  /** The work for one user. It belongs to no caller: when they stop waiting, it goes on. */
  async #run(userId: string, requirement: Requirement, isCurrent: () => boolean): Promise<Resolved> {
    const { now, cache, report } = this.#options;
    const startedAt = now();
    try {
      const resolved = await this.#resolve(userId, requirement, isCurrent);
      const { record, outcome } = resolved;
      if (isCurrent()) {
        // A token that was only found to be good enough does not replace an unsaved pair.
        if (outcome !== "stored") this.#unsaved.delete(userId);
        cache.set(record);
      }
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

  async #resolve(userId: string, requirement: Requirement, isCurrent: () => boolean): Promise<Resolved> {
    const { store, cache } = this.#options;
    const known = requirement.rejected ?? cache.get(userId)?.calAccessToken;
    const record = await store.get(userId);
    if (!record) throw userNotFound();
    if (this.#meets(record, requirement)) {
      const isNew = known !== undefined && record.calAccessToken !== known;
      return { record, outcome: isNew ? "refreshed_elsewhere" : "stored" };
    }
    if (this.#isClosed) {
      throw new CalTokenError(
        "The client was closed, and this user's access token needs a refresh.",
        "client_closed",
      );
    }
    return this.#refresh(record, requirement, isCurrent);
  }

  async #refresh(stale: TokenRecord, requirement: Requirement, isCurrent: () => boolean): Promise<Resolved> {
    const { userId } = stale;
    const newer = await this.#acquireLease(userId, requirement);
    if (newer) return { record: newer, outcome: "refreshed_elsewhere" };

    const release = this.#lease.hold(userId);
    try {
      const current = await this.#read(userId);
      if (this.#meets(current, requirement)) return { record: current, outcome: "refreshed_elsewhere" };
      return await this.#refreshUnderLease(current, requirement, isCurrent);
    } finally {
      await release();
    }
  }

  /** Acquires the lease, or returns the tokens that its holder has written meanwhile. */
  async #acquireLease(userId: string, requirement: Requirement): Promise<TokenRecord | null> {
    const { now } = this.#options;
    const until = now() + MAX_LEASE_WAIT_MS;
    for (const ms of growingPauses()) {
      if (await this.#lease.acquire(userId)) return null;
      if (now() > until) break;
      await pause(ms);
      const current = await this.#read(userId);
      if (this.#meets(current, requirement)) return current;
    }
    throw new CalTimeoutError(
      `Another process has held the user's refresh lease for ${String(MAX_LEASE_WAIT_MS)} ms.`,
    );
  }

  async #refreshUnderLease(
    found: TokenRecord,
    requirement: Requirement,
    isCurrent: () => boolean,
  ): Promise<Resolved> {
    const { grant } = this.#options;
    let current = found;
    for (;;) {
      const unsaved = this.#unsaved.get(current.userId);
      if (unsaved?.version === current.version) {
        const resolved = await this.#write(current, unsaved.tokens, "refreshed", isCurrent);
        this.#unsaved.delete(current.userId);
        if (this.#meets(resolved.record, requirement)) return resolved;
        // It was unsaved for too long and is old. Its refresh token works, so the next pair needs no recovery.
        current = resolved.record;
        continue;
      }

      if (current.calRefreshToken !== null) {
        const record = { ...current, calRefreshToken: current.calRefreshToken };
        const tokens = await this.#issue(() => grant.refresh(record));
        if (tokens) return this.#write(current, tokens, "refreshed", isCurrent);
      }
      // Not accepted: it was used by a process whose write was not seen yet, or never happened.
      const latest = await this.#readAgain(current);
      if (this.#meets(latest, requirement)) return { record: latest, outcome: "refreshed_elsewhere" };
      if (latest.calRefreshToken === current.calRefreshToken) return this.#recover(latest, isCurrent);
      current = latest;
    }
  }

  /**
   * The record as it is now. A recovery ends every older pair, so it comes only after this: first the lease is
   * renewed (a process that was frozen may have lost it), then the store is read. A store without leases can't tell
   * of a refresh in another process, so there the other one gets some time to write.
   */
  async #readAgain(current: TokenRecord): Promise<TokenRecord> {
    const { store } = this.#options;
    await this.#acquireLease(current.userId, { rejected: current.calAccessToken });
    const pauses = growingPauses();
    for (let readsLeft = store.hasLease ? 1 : 5; ; readsLeft -= 1) {
      const latest = await this.#read(current.userId);
      if (readsLeft <= 1 || latest.calRefreshToken !== current.calRefreshToken) return latest;
      await pause(pauses.next().value);
    }
  }

  async #recover(current: TokenRecord, isCurrent: () => boolean): Promise<Resolved> {
    const { grant } = this.#options;
    if (!grant.recover) {
      throw new CalTokenError("This user has to connect to Cal.com again.", "reauthorization_required");
    }
    const tokens = await this.#issue(() => grant.recover?.(current) ?? Promise.resolve(null));
    if (tokens) return this.#write(current, tokens, "recovered", isCurrent);
    throw new CalTokenError(
      `Cal.com no longer has the managed user ${String(current.calUserId)}. Call delete() of this user, then ensureUser(): its calendars have to be connected again.`,
      "cal_user_gone",
    );
  }

  /** Writes the tokens that Cal.com has issued. No other pair works, so the write is attempted more than once. */
  async #write(
    base: TokenRecord,
    tokens: GrantedTokens,
    outcome: "refreshed" | "recovered",
    isCurrent: () => boolean,
  ): Promise<Resolved> {
    const write = {
      ...toWrite(tokens),
      userId: base.userId,
      calUserId: base.calUserId,
      calServer: base.calServer,
      details: base.details,
    };
    const pauses = growingPauses();
    let version = base.version;
    let failure: CalError | undefined;
    for (let attempts = 0; attempts < MAX_WRITE_ATTEMPTS; attempts += 1) {
      if (attempts > 0) await pause(pauses.next().value);
      try {
        const latest =
          (await this.#options.store.set(write, { ifVersion: version })) ?? (await this.#read(base.userId));
        if (latest.calAccessToken === tokens.accessToken) return { record: latest, outcome };
        const isNewer = latest.calAccessToken !== base.calAccessToken || latest.calUserId !== base.calUserId;
        // If a recovery of ours has ended that pair, Cal.com refuses it, and the next call recovers.
        if (isNewer) return { record: latest, outcome: "refreshed_elsewhere" };
        // The row has changed (it was re-encrypted, for example) but holds the old tokens: ours are written over them.
        version = latest.version;
      } catch (error) {
        if (!isCalError(error) || error.code !== "store_error") throw error;
        failure = error;
      }
    }
    // Not for a user that was forgotten meanwhile.
    if (isCurrent()) this.#unsaved.set(base.userId, { tokens, version });
    throw (
      failure ??
      new CalStoreError("The user's record changed during every attempt to write its tokens. Try again.")
    );
  }

  async #read(userId: string): Promise<TokenRecord> {
    const record = await this.#options.store.get(userId);
    if (record) return record;
    throw new CalTokenError("This user was deleted while its tokens were being refreshed.", "user_not_found");
  }
}
