import { CalTimeoutError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";

// Longer than a refresh usually takes, and short enough for those who wait when its holder dies. Renewed meanwhile.
const LEASE_TTL_MS = 8_000;
const RENEW_EVERY_MS = 2_500;
// For waiting on another process's lease: a refresh may take a minute (see the grants), then its write.
const MAX_LEASE_WAIT_MS = 90_000;
// A store that is busy is asked less often by those who wait: the holder's own requests are in the same queue, and a
// lease that takes seconds to renew is never fresh.
const PAUSE_PER_RESPONSE_TIME = 4;
const MAX_PAUSE_MS = 2_000;

/** A lease that this process holds. */
export interface HeldLease {
  /** Whether it was renewed recently: not so after the process was frozen, when another one may hold it. */
  isFresh: () => boolean;
  /** Renews it, and waits for it where another process holds it. */
  renew: () => Promise<void>;
  /** Never rejects. */
  release: () => Promise<void>;
}

/** Work that a lease is held for. */
export type LeasedWork<T> = (lease: HeldLease) => Promise<T>;

/** Which work of this process has a user's lease, and when it last asked for it, by two clocks. */
interface Held {
  work: object;
  steady: number;
  wall: number;
}

/** This process's lease on a user's tokens, as the store keeps it for all processes. */
export class RefreshLease {
  readonly #store: CheckedStore;
  readonly #now: () => number;
  readonly #warn: (message: string, fields: object) => void;
  // Names this process. A lease that it could not release is its own to acquire again.
  readonly #owner: string = crypto.randomUUID();
  readonly #held = new Map<string, Held>();

  constructor(options: {
    store: CheckedStore;
    now: () => number;
    warn: (message: string, fields: object) => void;
  }) {
    this.#store = options.store;
    this.#now = options.now;
    this.#warn = options.warn;
  }

  /**
   * Acquires or renews the lease. `false`: another process holds it, or other work of this one.
   *
   * @param work - Names the work. The store knows processes only.
   */
  async acquire(userId: string, work: object = this): Promise<boolean> {
    const other = this.#held.get(userId);
    // Work that a runtime has stopped renews nothing any more.
    if (other && other.work !== work && this.#ageOf(other) < LEASE_TTL_MS) return false;
    const asked = { work, ...this.#clocks() };
    const before = other?.work === work ? other : undefined;
    // Before the store responds, so that other work of this process is refused meanwhile.
    if (!before) this.#held.set(userId, asked);
    const isOurs = (): boolean => this.#held.get(userId)?.work === work;
    try {
      const isHeld = await this.#store.acquireLease(userId, { owner: this.#owner, ttlMs: LEASE_TTL_MS });
      if (isHeld && isOurs()) this.#held.set(userId, asked);
      if (isHeld || before) return isHeld && isOurs();
    } catch (error) {
      if (!before && isOurs()) this.#held.delete(userId);
      throw error;
    }
    if (isOurs()) this.#held.delete(userId);
    return false;
  }

  /**
   * Acquires the lease, however long others hold it. `look` runs between the attempts; what it returns ends the wait.
   */
  async wait<T>(
    userId: string,
    look: () => Promise<T | null>,
    work: object = this,
    maxWaitMs = MAX_LEASE_WAIT_MS,
  ): Promise<T | null> {
    const until = this.#now() + maxWaitMs;
    for (const ms of growingPauses()) {
      const askedAt = performance.now();
      if (await this.acquire(userId, work)) return null;
      const responseMs = performance.now() - askedAt;
      if (this.#now() > until) break;
      await pause(Math.max(ms, Math.min(MAX_PAUSE_MS, PAUSE_PER_RESPONSE_TIME * responseMs)));
      const found = await look();
      if (found !== null) return found;
    }
    throw new CalTimeoutError(`The user's refresh lease was held by others for ${String(maxWaitMs)} ms.`);
  }

  /** Renews the lease, which was just acquired, for as long as the work takes. */
  hold(userId: string, work: object = this): HeldLease {
    let renewal: Promise<unknown> | undefined;
    const timer = setInterval(() => {
      renewal ??= this.acquire(userId, work)
        // Writes are guarded by their version, so a lost lease costs a refresh, not a token.
        .catch((error: unknown) =>
          this.#warn("calbridge: the refresh lease could not be renewed", { userId, error }),
        )
        .finally(() => (renewal = undefined));
    }, RENEW_EVERY_MS);
    return {
      isFresh: () => {
        const held = this.#held.get(userId);
        return held?.work === work && this.#ageOf(held) < LEASE_TTL_MS / 2;
      },
      renew: async () => {
        await this.wait(userId, () => Promise.resolve(null), work);
      },
      release: async () => {
        clearInterval(timer);
        // A renewal that arrives after the release would block the next process.
        await renewal;
        const held = this.#held.get(userId);
        // Other work of this process may have it by now.
        if (held && held.work !== work) return;
        await this.#release(userId);
        if (this.#held.get(userId) === held) this.#held.delete(userId);
      },
    };
  }

  /** How long ago a lease was last renewed, in milliseconds, by the clock that has gone further. */
  #ageOf(held: Held): number {
    const { steady, wall } = this.#clocks();
    return Math.max(steady - held.steady, wall - held.wall);
  }

  /** A clock that can't be set; and one that goes on while the whole machine is suspended. */
  #clocks(): { steady: number; wall: number } {
    return { steady: performance.now(), wall: this.#now() };
  }

  async #release(userId: string): Promise<void> {
    try {
      await this.#store.releaseLease(userId, { owner: this.#owner });
    } catch (error) {
      // It expires without a release, and the caller is interested in the tokens.
      this.#warn("calbridge: the refresh lease could not be released", { userId, error });
    }
  }
}
