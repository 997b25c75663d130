import { CalTokenError, isCalError } from "../errors.js";
import type { HeldLease } from "./refresh-lease.js";
import { pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";
import { detailsOf, type ReauthorizationReason } from "./details.js";
import type { Grant, GrantedTokens, RefreshableRecord } from "./grant.js";
import {
  assertMayRefresh,
  describeMark,
  markAfter,
  MAY_STILL_RUN_MS,
  reauthorizationRequired,
  type ReauthorizationInfo,
} from "./reauthorization.js";
import { RefusalGuard } from "./refusal-guard.js";
import { hasSameTokens, isRefreshable, withDetails } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";
import { CONFIRM_AFTER_MS, type Refreshed, type TokenWriter } from "./token-writer.js";

/** One refresh: under the user's lease, until the user's record meets what is required. */
export interface RefreshRun {
  meets: (record: TokenRecord) => boolean;
  lease: HeldLease;
  /** Whether the user was not deleted or replaced meanwhile. */
  isCurrent: () => boolean;
  /** How often a request that was not carried out is sent again. */
  retriesLeft: number;
}

export interface SingleUseRefreshOptions {
  store: CheckedStore;
  writer: TokenWriter;
  now: () => number;
  warn: (message: string, fields: object) => void;
  onReauthorizationRequired: (info: ReauthorizationInfo) => void;
  /** Called at the time of a request; what it returns, with the tokens that came of it. */
  compareClocks: () => (tokens: GrantedTokens) => void;
}

const MAX_MARK_ATTEMPTS = 4;
const CLIENT_REJECTED_MS = 60_000;
const FIRST_PAUSE_MS = 300;
const MAX_PAUSE_MS = 10_000;

/**
 * Refreshes tokens of a grant that can't recover (OAuth 2): a refresh token works once, and a pair that is lost costs
 * the user a new consent. So a refresh is recorded before it is sent, is never sent while another one may be running,
 * and a refused user is marked, with the tokens kept.
 */
export class SingleUseRefresh {
  readonly #options: SingleUseRefreshOptions;
  readonly #guard = new RefusalGuard();
  /** Cal.com refuses the OAuth client itself: no user's refresh is sent until then. */
  #clientRejected: { error: unknown; until: number } | undefined;

  constructor(options: SingleUseRefreshOptions) {
    this.#options = options;
  }

  /** One refresh, or the record as another process has left it. */
  async refresh(current: TokenRecord, grant: Grant, run: RefreshRun): Promise<Refreshed | TokenRecord> {
    const { store, now } = this.#options;
    // First of all: a database that was copied to another stage must not be changed either.
    grant.assertRefreshable?.(current);
    if (!isRefreshable(current) || hasExpired(current, now())) return this.#mark(current, "expired");
    assertMayRefresh(current, now());
    const { refreshSentAt } = detailsOf(current);
    assertNothingRuns(refreshSentAt, now());
    if (this.#clientRejected && now() < this.#clientRejected.until) throw this.#clientRejected.error;

    if (!run.lease.isFresh()) await run.lease.renew();
    const write = withDetails(current, { refreshSentAt: now() });
    const recorded = await store.set(write, { ifVersion: current.version });
    // Another process has written.
    if (!recorded) return this.#options.writer.read(current.userId);
    // The process may have been frozen during the write, and the lease may be another one's by now.
    if (!run.lease.isFresh()) return this.#unrecord(recorded, refreshSentAt);
    return this.#send(recorded as RefreshableRecord, grant, run, refreshSentAt);
  }

  async #send(
    recorded: RefreshableRecord,
    grant: Grant,
    run: RefreshRun,
    earlierSentAt: number | undefined,
  ): Promise<Refreshed | TokenRecord> {
    const { now, writer } = this.#options;
    const compareClocks = this.#options.compareClocks();
    let result;
    try {
      result = await grant.refresh(recorded);
    } catch (error) {
      return this.#notCarriedOut(error, recorded, run, earlierSentAt);
    }
    // What was recorded stays: the next refresh waits until this request can no longer be running.
    if (result.outcome === "unknown") throw result.error;
    if (result.outcome === "issued") {
      this.#guard.issued(recorded.userId, now());
      compareClocks(result.tokens);
      // After another request whose outcome is not known, or at the same time as one, a 200 may carry a refresh token
      // that is dead already.
      const isConfirmed = earlierSentAt === undefined && run.lease.isFresh();
      return writer.write(recorded, result.tokens, {
        outcome: "refreshed",
        isCurrent: run.isCurrent,
        isIrreplaceable: true,
        change: isConfirmed ? {} : { confirmAt: now() + CONFIRM_AFTER_MS },
      });
    }
    const latest = await writer.read(recorded.userId);
    if (!hasSameTokens(latest, recorded)) return latest;
    const spare = await writer.writeSpare(latest, run.isCurrent);
    if (!spare) return this.#mark(latest, "revoked");
    // It was kept for so long that its access token may be old. Its refresh token may work.
    return run.meets(spare.record) ? spare : spare.record;
  }

  /** The request was never sent, or Cal.com refused it for another reason than the refresh token. */
  async #notCarriedOut(
    error: unknown,
    recorded: TokenRecord,
    run: RefreshRun,
    earlierSentAt: number | undefined,
  ): Promise<TokenRecord> {
    const restored = await this.#unrecord(recorded, earlierSentAt);
    const code = isCalError(error) ? error.code : undefined;
    if (code === "client_rejected") {
      this.#clientRejected = { error, until: this.#options.now() + CLIENT_REJECTED_MS };
    }
    // Retried here and not in the transport: each attempt is recorded, and needs a lease of its own.
    const isTransient = code === "rate_limited" || code === "network_error";
    const waitMs = (isCalError(error) ? error.retryAfterMs : undefined) ?? FIRST_PAUSE_MS;
    if (!isTransient || waitMs > MAX_PAUSE_MS || run.retriesLeft === 0) throw error;
    run.retriesLeft -= 1;
    await pause(waitMs);
    return restored;
  }

  /** The record as it was before a refresh was recorded. */
  async #unrecord(recorded: TokenRecord, refreshSentAt: number | undefined): Promise<TokenRecord> {
    const write = withDetails(recorded, { refreshSentAt });
    const written = await this.#options.store.set(write, { ifVersion: recorded.version });
    return written ?? this.#options.writer.read(recorded.userId);
  }

  /** Marks a user whose account Cal.com no longer has. Nothing removes this mark but a new link. */
  async markGone(record: TokenRecord): Promise<void> {
    await this.#mark(record, "cal_user_gone").catch((error: unknown) => {
      if (!isCalError(error) || error.code === "store_error") throw error;
    });
  }

  /** Records that the user has to link again. The tokens are kept; a refresh that succeeds removes the mark. */
  async #mark(record: TokenRecord, reason: ReauthorizationReason): Promise<never> {
    const { store, now, writer, onReauthorizationRequired } = this.#options;
    // A mark that is there already was credible, and is tried again less and less often.
    if (reason !== "expired" && !detailsOf(record).reauthorization) this.#assertCredible(record.userId);
    let current = record;
    for (let attempts = 0; attempts < MAX_MARK_ATTEMPTS; attempts += 1) {
      const { reauthorization } = detailsOf(current);
      const isKnown = reauthorization?.reason === "cal_user_gone" || reauthorization?.reason === reason;
      // Only for a refresh token that is tried again the tries are counted.
      if (isKnown && reason !== "revoked") throw reauthorizationRequired(reauthorization.reason);
      const mark = markAfter(reauthorization, reason, now());
      const write = withDetails(current, { reauthorization: mark, refreshSentAt: undefined });
      const written = await store.set(write, { ifVersion: current.version });
      if (written) {
        const info = reauthorization ? null : describeMark(written, now());
        if (info) onReauthorizationRequired(info);
        throw reauthorizationRequired(reason);
      }
      current = await writer.read(record.userId);
      if (!hasSameTokens(current, record)) break;
    }
    throw new CalTokenError("The user's tokens changed meanwhile. Try again.", "refresh_pending");
  }

  /** Many users refused at once are a sign of a fault: then no more of them are marked. See {@link RefusalGuard}. */
  #assertCredible(userId: string): void {
    const { now, warn } = this.#options;
    const doubt = this.#guard.refused(userId, now());
    if (!doubt) return;
    if (doubt.isNew)
      warn("calbridge: Cal.com refuses the tokens of many users at once; no more are marked", {});
    throw new CalTokenError(
      "Cal.com refuses the tokens of many users at once, so this user is not marked. Check baseUrl, and whether another program refreshes the same tokens. The tokens are kept and tried again.",
      "refresh_pending",
      { retryAfterMs: MAY_STILL_RUN_MS },
    );
  }
}

function assertNothingRuns(refreshSentAt: number | undefined, now: number): void {
  if (refreshSentAt === undefined) return;
  const waitMs = refreshSentAt + MAY_STILL_RUN_MS - now;
  if (waitMs <= 0) return;
  throw new CalTokenError(
    `A refresh of this user's tokens was sent and its outcome is not known yet. It is tried again in ${String(Math.ceil(waitMs / 1000))} s.`,
    "refresh_pending",
    { retryAfterMs: waitMs },
  );
}

function hasExpired({ calRefreshTokenExpiresAt }: TokenRecord, now: number): boolean {
  return calRefreshTokenExpiresAt !== null && calRefreshTokenExpiresAt.getTime() <= now;
}
