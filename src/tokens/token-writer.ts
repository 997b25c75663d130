import { CalStoreError, isCalError, type CalError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";
import { detailsOf, type DetailsChange } from "./details.js";
import type { GrantedTokens } from "./grant.js";
import { hasSameTokens, userNotFound, withDetails, withTokens } from "./token-record.js";
import type { TokenRecord } from "./token-store.js";

/** The record that meets a requirement, and how it was had. */
export interface Refreshed {
  record: TokenRecord;
  outcome: "refreshed" | "refreshed_elsewhere" | "recovered";
}

/** A pair that Cal.com has issued and the store does not have. */
interface KeptPair {
  tokens: GrantedTokens;
  change: DetailsChange;
  /** The record that it was made from; of a spare pair, the record that was newer. */
  base: TokenRecord;
  /** Written only if Cal.com refuses the row's pair. */
  isSpare?: true;
}

/** How a newly issued pair is written. */
export interface PairWrite {
  outcome: "refreshed" | "recovered";
  /** Whether the user was not deleted or replaced meanwhile. */
  isCurrent: () => boolean;
  /** Whether nothing replaces the pair if it is lost: it is written with more patience, and never dropped. */
  isIrreplaceable: boolean;
  change?: DetailsChange;
}

/** A pair whose refresh token may be dead is refreshed again after this time, while its access token has most of its life. */
export const CONFIRM_AFTER_MS = 60_000;

const MAX_ATTEMPTS = 4;
// About 20 seconds: a database that restarts.
const MAX_ATTEMPTS_IRREPLACEABLE = 45;

/**
 * Writes newly issued pairs. A pair is written as long as the row has the pair that it was made from, and is kept in
 * memory while the store fails.
 */
export class TokenWriter {
  readonly #store: CheckedStore;
  readonly #now: () => number;
  readonly #kept = new Map<string, KeptPair>();

  constructor(store: CheckedStore, now: () => number) {
    this.#store = store;
    this.#now = now;
  }

  forget(userId: string): void {
    this.#kept.delete(userId);
  }

  /** Writes the tokens that Cal.com has issued. No other pair may work, so the write is attempted more than once. */
  async write(base: TokenRecord, tokens: GrantedTokens, how: PairWrite): Promise<Refreshed> {
    const { userId } = base;
    const { outcome, isCurrent, isIrreplaceable, change = {} } = how;
    const pauses = growingPauses();
    let target = base;
    let failure: CalError | undefined;
    for (
      let attempts = isIrreplaceable ? MAX_ATTEMPTS_IRREPLACEABLE : MAX_ATTEMPTS;
      attempts > 0;
      attempts -= 1
    ) {
      try {
        const written = await this.#store.set(withTokens(target, tokens, change), {
          ifVersion: target.version,
        });
        const latest = written ?? (await this.read(userId));
        // Not written, and there all the same: the response of an earlier attempt was lost.
        if (written || isPair(latest, tokens)) {
          this.#kept.delete(userId);
          return { record: latest, outcome };
        }
        if (!hasSameTokens(latest, base)) {
          const isRace = isIrreplaceable && latest.calUserId === base.calUserId;
          const record = isRace ? await this.#keepSpare(latest, { base, tokens, change }) : latest;
          return { record, outcome: "refreshed_elsewhere" };
        }
        // The row was changed (re-encrypted, for example) but has the old tokens: ours are written over them.
        target = latest;
      } catch (error) {
        if (!isCalError(error) || error.code !== "store_error") throw error;
        failure = error;
      }
      if (attempts > 1) await pause(pauses.next().value);
    }
    // Not for a user that was deleted or replaced meanwhile.
    if (isCurrent()) this.#kept.set(userId, { base, tokens, change });
    throw (
      failure ??
      new CalStoreError("The user's record changed during every attempt to write its tokens. Try again.")
    );
  }

  /** Keeps a pair in case Cal.com refuses that of the record. */
  keepSpare(base: TokenRecord, tokens: GrantedTokens): void {
    this.#kept.set(base.userId, { base, tokens, change: {}, isSpare: true });
  }

  hasKept(userId: string): boolean {
    return this.#kept.has(userId);
  }

  /** Writes a pair that is not in the store yet and belongs there. `null`: there is none. */
  async writeKept(
    record: TokenRecord,
    how: Omit<PairWrite, "outcome" | "change">,
  ): Promise<Refreshed | null> {
    const kept = this.#kept.get(record.userId);
    if (!kept) return null;
    if (!kept.isSpare && hasSameTokens(record, kept.base)) {
      return this.write(record, kept.tokens, { ...how, outcome: "refreshed", change: kept.change });
    }
    // It lost a race to the row's pair, and Cal.com has refused that one.
    const isRefused = detailsOf(record).reauthorization?.reason === "revoked";
    return isRefused ? this.writeSpare(record, how.isCurrent) : null;
  }

  /**
   * For a row whose refresh token was refused: writes the pair that lost a race to it, once. `null`: there is none.
   */
  async writeSpare(record: TokenRecord, isCurrent: () => boolean): Promise<Refreshed | null> {
    const spare = this.#kept.get(record.userId);
    if (spare?.base.calUserId !== record.calUserId) return null;
    this.#kept.delete(record.userId);
    const change = { confirmAt: this.#now() + CONFIRM_AFTER_MS };
    return this.write(record, spare.tokens, {
      outcome: "refreshed",
      isCurrent,
      isIrreplaceable: true,
      change,
    });
  }

  /** Writes what is kept in memory, before the process ends. Rejects if a pair could not be written. */
  async writeAllKept(): Promise<void> {
    const failures: unknown[] = [];
    for (const userId of [...this.#kept.keys()]) {
      try {
        const record = await this.#store.get(userId);
        if (record) await this.writeKept(record, { isCurrent: () => true, isIrreplaceable: false });
      } catch (error) {
        // The other users' pairs are written all the same.
        failures.push(error);
      }
    }
    if (failures.length > 0) throw failures[0];
  }

  async read(userId: string): Promise<TokenRecord> {
    const record = await this.#store.get(userId);
    if (!record) throw userNotFound("This user was deleted while its tokens were being refreshed.");
    return record;
  }

  /**
   * Two refreshes with one refresh token were both accepted, and Cal.com has kept one of the two new ones. Which one
   * can't be known: the row's is refreshed again soon, and ours is kept in case it is refused.
   */
  async #keepSpare(latest: TokenRecord, spare: KeptPair): Promise<TokenRecord> {
    this.#kept.set(latest.userId, spare);
    const write = withDetails(latest, { confirmAt: this.#now() + CONFIRM_AFTER_MS });
    return (await this.#store.set(write, { ifVersion: latest.version })) ?? this.read(latest.userId);
  }
}

/** Access tokens of one second may be identical, so the refresh tokens decide. */
function isPair(record: TokenRecord, tokens: GrantedTokens): boolean {
  return record.calRefreshToken === tokens.refreshToken && record.calAccessToken === tokens.accessToken;
}
