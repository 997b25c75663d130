import { CalStoreError, CalTokenError, isCalError, type CalError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";
import { detailsOf, type DetailsChange, type ReauthorizationReason } from "./details.js";
import type { Grant, GrantedTokens, RefreshableRecord } from "./grant.js";
import {
  describeMark,
  markAfter,
  reauthorizationRequired,
  RefusalGuard,
  retriesAt,
  type ReauthorizationInfo,
} from "./reauthorization.js";
import type { HeldLease } from "./refresh-lease.js";
import { userNotFound, withDetails, withTokens } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

export interface RefresherOptions {
  store: CheckedStore;
  grantOf: (record: TokenRecord) => Grant;
  now: () => number;
  warn: (message: string, fields: object) => void;
  onReauthorizationRequired: (info: ReauthorizationInfo) => void;
}

/** The record that meets a requirement, and how it was had. */
export interface Refreshed {
  record: TokenRecord;
  outcome: "refreshed" | "refreshed_elsewhere" | "recovered";
}

/** One refresh: under the user's lease, until the user's record meets what is required. */
export interface RefreshRun {
  meets: (record: TokenRecord) => boolean;
  lease: HeldLease;
  /** Renews the lease, and waits for it where another process holds it. */
  renewLease: () => Promise<void>;
  /** Whether the user was not deleted or replaced meanwhile. */
  isCurrent: () => boolean;
}

interface UnsavedPair {
  tokens: GrantedTokens;
  calUserId: number;
  /** Of the pair that it was made from. */
  rotation: number;
  change: DetailsChange;
}

const MAX_WRITE_ATTEMPTS = 4;
// A request of ours can no longer be running at Cal.com after this time.
const UNKNOWN_OUTCOME_MS = 60_000;
// A pair whose refresh token may be dead is refreshed again after this time, while its access token has most of its life.
const CONFIRM_AFTER_MS = 60_000;
const BREAKER_MS = 60_000;
// Tokens name the second in which they were issued, and most clocks are a little wrong.
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Refreshes one user's tokens under the lease and writes them. A pair that Cal.com has issued is written as long as
 * the row has the rotation that it was made from, and is kept in memory while the store fails.
 */
export class Refresher {
  readonly #options: RefresherOptions;
  /** Pairs that Cal.com has issued and the store could not write, with the rotation that they were made from. */
  readonly #unsaved = new Map<string, UnsavedPair>();
  readonly #guard = new RefusalGuard();
  #clientRefused: { error: unknown; until: number } | undefined;
  /** How far this machine's clock is ahead of Cal.com's, as measured at the last refresh. */
  clockAheadMs = 0;

  constructor(options: RefresherOptions) {
    this.#options = options;
  }

  forget(userId: string): void {
    this.#unsaved.delete(userId);
  }

  /** Refreshes until the record meets what is required. Rejects if that can't be had now. */
  async run(found: TokenRecord, run: RefreshRun): Promise<Refreshed> {
    let current = found;
    for (;;) {
      const unsaved = this.#unsaved.get(current.userId);
      // Not for the record of a user who was deleted, moved or made anew meanwhile.
      const isOf = unsaved?.calUserId === current.calUserId;
      if (isOf && unsaved.rotation === detailsOf(current).rotation) {
        const refreshed = await this.#write(current, unsaved.tokens, "refreshed", run, unsaved.change);
        this.#unsaved.delete(current.userId);
        if (run.meets(refreshed.record)) return refreshed;
        // It was unsaved for so long that it is old. Its refresh token works.
        current = refreshed.record;
        continue;
      }
      const grant = this.#options.grantOf(current);
      const next = grant.recover
        ? await this.#refreshOrRecover(current, grant, run)
        : await this.#refreshOnce(current, grant, run);
      if ("outcome" in next) return next;
      if (run.meets(next)) return { record: next, outcome: "refreshed_elsewhere" };
      current = next;
    }
  }

  /** A grant that can recover: a refresh token that is not accepted is replaced without the user. */
  async #refreshOrRecover(
    current: TokenRecord,
    grant: Grant,
    run: RefreshRun,
  ): Promise<Refreshed | TokenRecord> {
    if (isRefreshable(current)) {
      const requestedAt = this.#options.now();
      const result = await grant.refresh(current);
      if (result.outcome === "issued") {
        this.#compareClocks(requestedAt, result.tokens);
        return this.#write(current, result.tokens, "refreshed", run);
      }
      if (result.outcome === "unknown") throw result.error;
    }
    // Not accepted: it was used by a process whose write was not seen yet, or never happened. A recovery ends every
    // older pair, so first the lease is renewed (this process may have been frozen), then the store is read again.
    await run.renewLease();
    const latest = await this.#readLater(current);
    if (latest.calRefreshToken !== current.calRefreshToken || run.meets(latest)) return latest;
    const requestedAt = this.#options.now();
    const tokens = await grant.recover?.(latest);
    if (tokens) {
      this.#compareClocks(requestedAt, tokens);
      return this.#write(latest, tokens, "recovered", run);
    }
    throw new CalTokenError(
      `Cal.com no longer has the managed user ${String(current.calUserId)}. Call delete() of this user, then ensureUser(): its calendars have to be connected again.`,
      "cal_user_gone",
    );
  }

  /** A grant that can't recover: a refresh is recorded before it is sent, and never sent while one may be running. */
  async #refreshOnce(current: TokenRecord, grant: Grant, run: RefreshRun): Promise<Refreshed | TokenRecord> {
    const { store, now } = this.#options;
    const { refreshSentAt, reauthorization } = detailsOf(current);
    if (!isRefreshable(current) || hasExpired(current, now())) return this.#mark(current, "expired");
    if (reauthorization && now() < retriesAt(reauthorization)) {
      throw reauthorizationRequired(reauthorization.reason);
    }
    this.#assertNothingRuns(refreshSentAt);
    if (this.#clientRefused && now() < this.#clientRefused.until) throw this.#clientRefused.error;
    grant.assertRefreshable?.(current);

    if (!run.lease.isFresh()) await run.renewLease();
    const recorded = await store.set(withDetails(current, { refreshSentAt: now() }), {
      ifVersion: current.version,
    });
    // Another process has written.
    if (!recorded) return this.#read(current.userId);
    // The process may have been frozen during the write.
    if (!run.lease.isFresh()) return this.#unrecord(recorded, refreshSentAt);
    return this.#send(recorded as RefreshableRecord, grant, run, refreshSentAt);
  }

  async #send(
    recorded: RefreshableRecord,
    grant: Grant,
    run: RefreshRun,
    earlierSentAt: number | undefined,
  ): Promise<Refreshed | TokenRecord> {
    const { now } = this.#options;
    const requestedAt = now();
    let result;
    try {
      result = await grant.refresh(recorded);
    } catch (error) {
      await this.#unrecord(recorded, earlierSentAt);
      if (isCalError(error) && error.code === "client_rejected") {
        this.#clientRefused = { error, until: now() + BREAKER_MS };
      }
      throw error;
    }
    // What was recorded stays: the next refresh waits until this request can no longer be running.
    if (result.outcome === "unknown") throw result.error;
    if (result.outcome === "issued") {
      this.#guard.issued(recorded.userId, now());
      this.#compareClocks(requestedAt, result.tokens);
      // After an unknown outcome a 200 may carry a refresh token that is dead already.
      const change = earlierSentAt === undefined ? {} : { confirmAt: now() + CONFIRM_AFTER_MS };
      return this.#write(recorded, result.tokens, "refreshed", run, change);
    }
    const latest = await this.#read(recorded.userId);
    if (detailsOf(latest).rotation > detailsOf(recorded).rotation) return latest;
    return this.#mark(latest, "revoked");
  }

  /** Records that the user has to connect again. The tokens are kept; a refresh that succeeds removes the mark. */
  async #mark(record: TokenRecord, reason: ReauthorizationReason): Promise<never> {
    const { store, now, warn, onReauthorizationRequired } = this.#options;
    const { reauthorization, rotation } = detailsOf(record);
    if (reason === "revoked" && this.#guard.refused(record.userId, now())) {
      warn("calbridge: Cal.com refuses the refresh tokens of many users at once; none is marked", {});
      throw new CalTokenError(
        "Cal.com refuses the refresh tokens of many users at once. Check the base URL. The tokens are kept and tried again.",
        "refresh_pending",
      );
    }
    const mark = markAfter(reauthorization, reason, now());
    const write = withDetails(record, { reauthorization: mark, refreshSentAt: undefined });
    const written = await store.set(write, { ifVersion: record.version });
    const info = written && !reauthorization && describeMark(written, now());
    if (info) onReauthorizationRequired(info);
    // Another process has written meanwhile: with a higher rotation the next call finds its tokens.
    if (!written && detailsOf(await this.#read(record.userId)).rotation > rotation) {
      throw new CalTokenError("The user's tokens changed meanwhile. Try again.", "refresh_pending");
    }
    throw reauthorizationRequired(reason);
  }

  /** Marks a user whose account Cal.com no longer has. */
  async markGone(record: TokenRecord): Promise<void> {
    await this.#mark(record, "cal_user_gone").catch((error: unknown) => {
      if (!isCalError(error) || error.code === "store_error") throw error;
    });
  }

  #assertNothingRuns(refreshSentAt: number | undefined): void {
    const waitMs = (refreshSentAt ?? 0) + UNKNOWN_OUTCOME_MS - this.#options.now();
    if (refreshSentAt === undefined || waitMs <= 0) return;
    throw new CalTokenError(
      `A refresh of this user's tokens was sent and its outcome is not known yet. It is tried again in ${String(Math.ceil(waitMs / 1000))} s.`,
      "refresh_pending",
      { retryAfterMs: waitMs },
    );
  }

  /** Nothing was sent, or Cal.com did not carry it out: the record is as it was before. */
  async #unrecord(recorded: TokenRecord, refreshSentAt: number | undefined): Promise<TokenRecord> {
    const write = withDetails(recorded, { refreshSentAt });
    const written = await this.#options.store.set(write, { ifVersion: recorded.version });
    return written ?? this.#read(recorded.userId);
  }

  /** Writes the tokens that Cal.com has issued. No other pair works, so the write is attempted more than once. */
  async #write(
    base: TokenRecord,
    tokens: GrantedTokens,
    outcome: "refreshed" | "recovered",
    run: RefreshRun,
    change: DetailsChange = {},
  ): Promise<Refreshed> {
    const { userId, calUserId } = base;
    const { rotation } = detailsOf(base);
    const pauses = growingPauses();
    let target = base;
    let failure: CalError | undefined;
    for (let attempts = 0; attempts < MAX_WRITE_ATTEMPTS; attempts += 1) {
      if (attempts > 0) await pause(pauses.next().value);
      try {
        const write = withTokens(target, tokens, change);
        const written = await this.#options.store.set(write, { ifVersion: target.version });
        if (written) return { record: written, outcome };
        const latest = await this.#read(userId);
        // The response of an earlier attempt was lost.
        if (latest.calAccessToken === tokens.accessToken) return { record: latest, outcome };
        const isNewer = detailsOf(latest).rotation > rotation || latest.calUserId !== calUserId;
        if (isNewer) return { record: latest, outcome: "refreshed_elsewhere" };
        // The row was changed (re-encrypted, for example) but has the old tokens: ours are written over them.
        target = latest;
      } catch (error) {
        if (!isCalError(error) || error.code !== "store_error") throw error;
        failure = error;
      }
    }
    // Not for a user that was deleted or replaced meanwhile.
    if (run.isCurrent()) this.#unsaved.set(userId, { tokens, calUserId, rotation, change });
    throw (
      failure ??
      new CalStoreError("The user's record changed during every attempt to write its tokens. Try again.")
    );
  }

  /** Without leases another process's write can't be waited for, so it gets some time. */
  async #readLater(current: TokenRecord): Promise<TokenRecord> {
    const pauses = growingPauses();
    for (let readsLeft = this.#options.store.hasLease ? 1 : 5; ; readsLeft -= 1) {
      const latest = await this.#read(current.userId);
      if (readsLeft <= 1 || latest.calRefreshToken !== current.calRefreshToken) return latest;
      await pause(pauses.next().value);
    }
  }

  async #read(userId: string): Promise<TokenRecord> {
    const record = await this.#options.store.get(userId);
    if (!record) throw userNotFound("This user was deleted while its tokens were being refreshed.");
    return record;
  }

  /**
   * To a clock that is ahead, each new token would look old. Compared with the time of the request: with a clock that
   * is right, tokens are issued after it, however long the response takes.
   */
  #compareClocks(requestedAt: number, { issuedAt }: GrantedTokens): void {
    if (!issuedAt) return;
    const { warn } = this.#options;
    const aheadMs = requestedAt - issuedAt.getTime();
    if (aheadMs > CLOCK_TOLERANCE_MS)
      warn("calbridge: this machine's clock is ahead of Cal.com's", { aheadMs });
    this.clockAheadMs = aheadMs > CLOCK_TOLERANCE_MS ? aheadMs : 0;
  }
}

function isRefreshable(record: TokenRecord): record is RefreshableRecord {
  return record.calRefreshToken !== null;
}

function hasExpired({ calRefreshTokenExpiresAt }: TokenRecord, now: number): boolean {
  return calRefreshTokenExpiresAt !== null && calRefreshTokenExpiresAt.getTime() <= now;
}
