import { CalStoreError, CalTokenError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";
import type { Grant, GrantedTokens } from "./grant.js";
import type { ReauthorizationInfo } from "./reauthorization.js";
import type { RefreshRun, SingleUseRefresh } from "./single-use-refresh.js";
import { isRefreshable } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";
import { TokenWriter, type Refreshed } from "./token-writer.js";

export interface RefresherOptions {
  store: CheckedStore;
  grantOf: (record: TokenRecord) => Grant | Promise<Grant>;
  now: () => number;
  warn: (message: string, fields: object) => void;
  onReauthorizationRequired: (info: ReauthorizationInfo) => void;
  /** Loads what only grants without a recovery need. */
  loadSingleUse: () => Promise<typeof SingleUseRefresh>;
}

const MAX_ROUNDS = 20;
// Tokens name the second in which they were issued, and most clocks are a little wrong.
const CLOCK_TOLERANCE_MS = 60_000;

/** Refreshes one user's tokens under the lease, by the rules of the user's grant. */
export class Refresher {
  readonly #options: RefresherOptions;
  readonly #writer: TokenWriter;
  #singleUse: SingleUseRefresh | undefined;
  /** How far this machine's clock is ahead of Cal.com's, as measured at the last refresh. */
  clockAheadMs = 0;

  constructor(options: RefresherOptions) {
    this.#options = options;
    this.#writer = new TokenWriter(options.store, this.#now);
  }

  readonly #now = (): number => this.#options.now() - this.clockAheadMs;

  /** Loaded with the first refresh of OAuth 2. */
  async #loadSingleUse(): Promise<SingleUseRefresh> {
    const Loaded = await this.#options.loadSingleUse();
    const compareClocks = this.#clockComparison.bind(this);
    this.#singleUse ??= new Loaded({
      ...this.#options,
      now: this.#now,
      writer: this.#writer,
      compareClocks,
    });
    return this.#singleUse;
  }

  forget(userId: string): void {
    this.#writer.forget(userId);
  }

  /** Whether a pair of this user's waits in memory to be written. */
  hasUnsaved(userId: string): boolean {
    return this.#writer.hasKept(userId);
  }

  keepSpare(record: TokenRecord, tokens: GrantedTokens): void {
    this.#writer.keepSpare(record, tokens);
  }

  /** Marks a user whose account Cal.com no longer has. */
  async markGone(record: TokenRecord): Promise<void> {
    await (await this.#loadSingleUse()).markGone(record);
  }

  /** Writes the pairs that the store could not take before. */
  writeUnsaved(): Promise<void> {
    return this.#writer.writeAllKept();
  }

  /** Refreshes until the record meets what is required. Rejects if that can't be had now. */
  async run(found: TokenRecord, run: RefreshRun): Promise<Refreshed> {
    let current = found;
    for (let rounds = 0; rounds < MAX_ROUNDS; rounds += 1) {
      const grant = await this.#options.grantOf(current);
      const how = { isCurrent: run.isCurrent, isIrreplaceable: !grant.recover };
      const kept = await this.#writer.writeKept(current, how);
      if (kept) {
        if (run.meets(kept.record)) return kept;
        // It was unsaved for so long that it is old. Its refresh token works.
        current = kept.record;
        continue;
      }
      const next = grant.recover
        ? await this.#refreshOrRecover(current, grant, run)
        : await (await this.#loadSingleUse()).refresh(current, grant, run);
      if ("outcome" in next) return next;
      if (run.meets(next)) return { record: next, outcome: "refreshed_elsewhere" };
      current = next;
    }
    throw new CalStoreError(
      "The user's record changed during every attempt to refresh its tokens. Try again.",
    );
  }

  /** A grant that can recover: a refresh token that is not accepted is replaced without the user. */
  async #refreshOrRecover(
    current: TokenRecord,
    grant: Grant,
    run: RefreshRun,
  ): Promise<Refreshed | TokenRecord> {
    const how = { isCurrent: run.isCurrent, isIrreplaceable: false };
    if (isRefreshable(current)) {
      const compareClocks = this.#clockComparison();
      const result = await grant.refresh(current);
      if (result.outcome === "issued") {
        compareClocks(result.tokens);
        return this.#writer.write(current, result.tokens, { ...how, outcome: "refreshed" });
      }
      if (result.outcome === "unknown") throw result.error;
    }
    // Not accepted: it was used by a process whose write was not seen yet, or never happened. A recovery ends every
    // older pair, so first the lease is renewed (this process may have been frozen), then the store is read again.
    await run.lease.renew();
    const latest = await this.#readLater(current);
    if (latest.calRefreshToken !== current.calRefreshToken || run.meets(latest)) return latest;
    const compareClocks = this.#clockComparison();
    const tokens = await grant.recover?.(latest);
    if (tokens) {
      compareClocks(tokens);
      return this.#writer.write(latest, tokens, { ...how, outcome: "recovered" });
    }
    throw new CalTokenError(
      `Cal.com no longer has the managed user ${String(current.calUserId)}. Call delete() of this user, then ensureUser(): its calendars have to be connected again.`,
      "cal_user_gone",
    );
  }

  /** Without leases another process's write can't be waited for, so it gets some time. */
  async #readLater(current: TokenRecord): Promise<TokenRecord> {
    const pauses = growingPauses();
    for (let readsLeft = this.#options.store.hasLease ? 1 : 5; ; readsLeft -= 1) {
      const latest = await this.#writer.read(current.userId);
      if (readsLeft <= 1 || latest.calRefreshToken !== current.calRefreshToken) return latest;
      await pause(pauses.next().value);
    }
  }

  /**
   * To a clock that is ahead, each new token would look old. Compared with the time of the request: with a clock that
   * is right, tokens are issued after it, however long the response takes.
   */
  #clockComparison(): (tokens: GrantedTokens) => void {
    const { now, warn } = this.#options;
    const requestedAt = now();
    return ({ issuedAt }) => {
      if (!issuedAt) return;
      const aheadMs = requestedAt - issuedAt.getTime();
      const isAhead = aheadMs > CLOCK_TOLERANCE_MS;
      if (isAhead) warn("calbridge: this machine's clock is ahead of Cal.com's", { aheadMs });
      this.clockAheadMs = isAhead ? aheadMs : 0;
    };
  }
}
