import { CalStoreError, CalTimeoutError, CalTokenError, isCalError, type CalError } from "../errors.js";
import { SharedWork } from "../lib/single-flight.js";
import type { Grant, GrantedTokens } from "./grant.js";
import type { GuardedStore } from "./checked-store.js";
import { RefreshLease } from "./refresh-lease.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { TellTokens } from "./token-events.js";
import type { TokenCache } from "./token-cache.js";
import type { TokenRecord } from "./token-store.js";
import { within } from "../lib/deadline.js";
import { userNotFound, toWrite } from "./token-record.js";

export interface TokenManagerOptions {
  store: GuardedStore;
  grant: Grant;
  cache: TokenCache;
  /** A token with less life left than this is refreshed before it is used. */
  refreshWindowMs: number;
  now: () => number;
  tell: TellTokens;
  /** Keeps the runtime from stopping work that its callers may have left. */
  waitUntil: (work: Promise<unknown>) => void;
  /** Told of what goes wrong without a caller to tell. */
  warn: (message: string, fields: object) => void;
}

/** What a caller needs of a token. */
export interface TokenNeed {
  /** Life it must have left, in milliseconds. Default: `refreshWindowMs`. */
  minTtlMs?: number | undefined;
  /** An access token that Cal.com has refused: any other will do. */
  rejected?: string | undefined;
  /** How long the caller waits; the refresh goes on without it. */
  timeoutMs: number;
  signal?: AbortSignal | undefined;
}

/** The record that met a need, and how. `stored`: it lay in the store, with nothing to do. */
interface Met {
  record: TokenRecord;
  outcome: "stored" | "led" | "adopted" | "healed";
}

type Need = Pick<TokenNeed, "minTtlMs" | "rejected">;

// For waiting on somebody else's lease: a refresh may take a minute (see the grant), then its write.
const LONGEST_WAIT_MS = 90_000;
const WRITE_TRIES = 4;
// Tokens say when they were issued to the second, and most clocks are a little off.
const CLOCK_TOLERANCE_MS = 60_000;

/**
 * Hands out tokens that work. Of all callers, in this process and in others, one refreshes; its outcome is
 * everybody's. The steps, from top to bottom of this class:
 *
 * 1. A token with enough life left is used; the cache answers without the store.
 * 2. A refresh of this user that is under way in this process is joined.
 * 3. The lease is taken. While another process has it, the store is watched for newer tokens.
 * 4. Under the lease the store is read again: newer tokens are adopted, not refreshed.
 * 5. Refresh. If the refresh token is not accepted, look again; only then recover, still under the lease.
 * 6. Write, if nobody else has written. Deleted meanwhile: stays deleted. Newer tokens there: adopted.
 * 7. Release, and tell.
 */
export class TokenManager {
  readonly #options: TokenManagerOptions;
  readonly #flights = new Map<string, SharedWork<Met>>();
  /** Pairs that Cal.com has issued and the store could not take; the only working ones of their user. */
  readonly #unsaved = new Map<string, { tokens: GrantedTokens; version: number }>();
  readonly #lease: RefreshLease;
  /** How far this machine's clock was found to be ahead of Cal.com's. */
  #clockAheadMs = 0;

  constructor(options: TokenManagerOptions) {
    this.#options = options;
    this.#lease = new RefreshLease(options);
  }

  /** A record whose access token meets the need. */
  async usable(userId: string, need: TokenNeed): Promise<TokenRecord> {
    need.signal?.throwIfAborted();
    const cached = this.#options.cache.get(userId);
    if (cached && this.#meets(cached, need)) return cached;

    const startedAt = this.#options.now();
    const time = {
      ms: need.timeoutMs,
      message: `The user's tokens were not there within ${String(need.timeoutMs)} ms. A refresh under way goes on; try again.`,
    };
    const limit = { signal: need.signal, time };
    for (;;) {
      const flight = this.#flights.get(userId);
      if (!flight) return (await within(this.#depart(userId, need), limit)).record;
      if (flight.isSilent && (await within(flight.isLost(), limit))) {
        // The first who finds it so departs; the others join that one.
        if (this.#flights.get(userId) === flight) this.#flights.delete(userId);
        continue;
      }
      const { record, outcome } = await within(flight.promise, limit);
      // What was just issued is as good as it gets; what was merely found may not meet this caller's need.
      const isFresh = outcome === "led" || outcome === "healed";
      if (this.#meets(record, isFresh ? { ...need, minTtlMs: 0 } : need)) {
        const durationMs = this.#options.now() - startedAt;
        // To have waited for the store to be read is nothing to tell of.
        if (outcome !== "stored") await this.#options.tell({ userId, outcome: "joined", durationMs }, record);
        return record;
      }
    }
  }

  /** The user's record as it is, good or not: nothing is refreshed. */
  async find(userId: string): Promise<TokenRecord | null> {
    const { cache, store } = this.#options;
    return cache.get(userId) ?? (await store.get(userId));
  }

  /** Lets go of what is known of the user: its record was deleted or replaced. */
  forget(userId: string): void {
    this.#options.cache.delete(userId);
    this.#flights.delete(userId);
    this.#unsaved.delete(userId);
  }

  #meets(record: TokenRecord, { minTtlMs = this.#options.refreshWindowMs, rejected }: Need): boolean {
    if (record.calAccessToken === rejected) return false;
    const expiresAt = record.calAccessTokenExpiresAt ?? this.#options.grant.expiryOf(record.calAccessToken);
    // Not known: used until Cal.com refuses it, but not where a stated life is asked for.
    if (!expiresAt) return minTtlMs <= this.#options.refreshWindowMs;
    return expiresAt.getTime() - this.#now() > minTtlMs;
  }

  #now(): number {
    return this.#options.now() - this.#clockAheadMs;
  }

  /** Has tokens issued, and compares clocks: by one that is ahead, each new token would look old. */
  async #issue(ask: () => Promise<GrantedTokens | null>): Promise<GrantedTokens | null> {
    const askedAt = this.#options.now();
    const tokens = await ask();
    // Issued after the asking, by a clock that is right; so an answer that took its time is no sign.
    const aheadMs = tokens?.issuedAt ? askedAt - tokens.issuedAt.getTime() : 0;
    if (aheadMs > CLOCK_TOLERANCE_MS) {
      this.#options.warn("calbridge: this machine's clock is ahead of Cal.com's", { aheadMs });
    }
    if (tokens?.issuedAt) this.#clockAheadMs = aheadMs > CLOCK_TOLERANCE_MS ? aheadMs : 0;
    return tokens;
  }

  /** Starts the work for one user. It belongs to no caller: those who wait may leave, it goes on. */
  #depart(userId: string, need: Need): Promise<Met> {
    const { now, cache } = this.#options;
    const startedAt = now();
    const landed = this.#fly(userId, need).then(
      async (met) => {
        if (this.#flights.get(userId) === flight) {
          this.#flights.delete(userId);
          // A token that was merely found good enough does not make an unsaved pair worthless.
          if (met.outcome !== "stored") this.#unsaved.delete(userId);
          cache.set(met.record);
        }
        if (met.outcome !== "stored") {
          await this.#options.tell(
            { userId, outcome: met.outcome, durationMs: now() - startedAt },
            met.record,
          );
        }
        return met;
      },
      async (error: unknown) => {
        if (this.#flights.get(userId) === flight) {
          this.#flights.delete(userId);
          cache.delete(userId);
        }
        const code = isCalError(error) ? error.code : undefined;
        // That nobody has asked for such a user to be made is no failure to have tokens.
        if (code === "user_not_found") throw error;
        await this.#options.tell({
          userId,
          outcome: "failed",
          durationMs: now() - startedAt,
          ...(code && { error: code }),
        });
        throw error;
      },
    );
    const flight = new SharedWork(landed);
    this.#flights.set(userId, flight);
    this.#options.waitUntil(flight.promise);
    return flight.promise;
  }

  async #fly(userId: string, need: Need): Promise<Met> {
    const { store, cache } = this.#options;
    const known = need.rejected ?? cache.get(userId)?.calAccessToken;
    const record = await store.get(userId);
    if (!record) throw userNotFound();
    if (this.#meets(record, need)) {
      const isNew = known !== undefined && record.calAccessToken !== known;
      return { record, outcome: isNew ? "adopted" : "stored" };
    }
    return this.#refresh(record, need);
  }

  async #refresh(stale: TokenRecord, need: Need): Promise<Met> {
    const { userId } = stale;
    const adopted = await this.#takeLease(userId, need);
    if (adopted) return { record: adopted, outcome: "adopted" };

    const giveBack = this.#lease.keep(userId);
    try {
      const current = await this.#read(userId);
      if (this.#meets(current, need)) return { record: current, outcome: "adopted" };
      return await this.#refreshUnderLease(current, need);
    } finally {
      await giveBack();
    }
  }

  /** Takes the lease, or answers the tokens that its holder has written meanwhile. */
  async #takeLease(userId: string, need: Need): Promise<TokenRecord | null> {
    const { now } = this.#options;
    const until = now() + LONGEST_WAIT_MS;
    for (const ms of growingPauses()) {
      if (await this.#lease.take(userId)) return null;
      if (now() > until) break;
      await pause(ms);
      const current = await this.#read(userId);
      if (this.#meets(current, need)) return current;
    }
    throw new CalTimeoutError(
      `Another process has held the user's refresh lease for ${String(LONGEST_WAIT_MS)} ms.`,
    );
  }

  async #refreshUnderLease(found: TokenRecord, need: Need): Promise<Met> {
    const { grant } = this.#options;
    let current = found;
    for (;;) {
      const unsaved = this.#unsaved.get(current.userId);
      if (unsaved?.version === current.version) {
        const met = await this.#write(current, unsaved.tokens, "led");
        this.#unsaved.delete(current.userId);
        if (this.#meets(met.record, need)) return met;
        // It has lain about for too long. Its refresh token is good, so the next pair costs no recovery.
        current = met.record;
        continue;
      }

      if (current.calRefreshToken !== null) {
        const record = { ...current, calRefreshToken: current.calRefreshToken };
        const tokens = await this.#issue(() => grant.refresh(record));
        if (tokens) return this.#write(current, tokens, "led");
      }
      // Not accepted: it was used by somebody whose write we have not seen, or whose write never came.
      const latest = await this.#lookAgain(current);
      if (this.#meets(latest, need)) return { record: latest, outcome: "adopted" };
      if (latest.calRefreshToken === current.calRefreshToken) return this.#recover(latest);
      current = latest;
    }
  }

  /**
   * The record as it is now. To recover ends every older pair, so it comes only after this: first the lease
   * is made sure of (a process that was frozen may have lost it), then the store is read. A store without
   * leases can't tell of a refresh under way elsewhere, so there the other one gets a moment to write.
   */
  async #lookAgain(current: TokenRecord): Promise<TokenRecord> {
    const { store } = this.#options;
    await this.#takeLease(current.userId, { rejected: current.calAccessToken });
    const pauses = growingPauses();
    for (let looks = store.hasLease ? 1 : 5; ; looks -= 1) {
      const latest = await this.#read(current.userId);
      if (looks <= 1 || latest.calRefreshToken !== current.calRefreshToken) return latest;
      await pause(pauses.next().value);
    }
  }

  async #recover(current: TokenRecord): Promise<Met> {
    const { grant } = this.#options;
    if (!grant.recover) throw reauthorizationFailed("This user has to connect to Cal.com again.");
    const tokens = await this.#issue(() => grant.recover?.(current) ?? Promise.resolve(null));
    if (tokens) return this.#write(current, tokens, "healed");
    throw reauthorizationFailed(
      `Cal.com has no managed user ${String(current.calManagedUserId)} (any more). Call delete() of this user, then ensureUser(): its calendars have to be connected again.`,
    );
  }

  /** Writes what Cal.com has issued. It is the only working pair, so the write is tried more than once. */
  async #write(base: TokenRecord, tokens: GrantedTokens, outcome: "led" | "healed"): Promise<Met> {
    const write = { ...toWrite(tokens), userId: base.userId, calManagedUserId: base.calManagedUserId };
    const pauses = growingPauses();
    let version = base.version;
    let failure: CalError | undefined;
    for (let tries = 0; tries < WRITE_TRIES; tries += 1) {
      if (tries > 0) await pause(pauses.next().value);
      try {
        const latest =
          (await this.#options.store.set(write, { ifVersion: version })) ?? (await this.#read(base.userId));
        if (latest.calAccessToken === tokens.accessToken) return { record: latest, outcome };
        const isNewer =
          latest.calAccessToken !== base.calAccessToken || latest.calManagedUserId !== base.calManagedUserId;
        // If a recovery of ours has ended that pair, Cal.com refuses it, and the next need heals it.
        if (isNewer) return { record: latest, outcome: "adopted" };
        // The row was touched (sealed anew, say) but has the old tokens still: ours go on top.
        version = latest.version;
      } catch (error) {
        if (!isCalError(error) || error.code !== "store_error") throw error;
        failure = error;
      }
    }
    // Not for a user that was forgotten meanwhile.
    if (this.#flights.has(base.userId)) this.#unsaved.set(base.userId, { tokens, version });
    throw (
      failure ??
      new CalStoreError("The user's record changed under every try to write its tokens. Try again.")
    );
  }

  async #read(userId: string): Promise<TokenRecord> {
    const record = await this.#options.store.get(userId);
    if (record) return record;
    throw new CalTokenError("This user was deleted while its tokens were being refreshed.", "disconnected");
  }
}

function reauthorizationFailed(message: string): CalTokenError {
  return new CalTokenError(message, "reauthorization_failed");
}
