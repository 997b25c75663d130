import { CalTimeoutError } from "../errors.js";
import { growingPauses, pause } from "../lib/backoff.js";
import type { CheckedStore } from "./checked-store.js";

// Longer than a refresh usually takes, and short enough for those who wait when its holder dies. Renewed meanwhile.
const LEASE_TTL_MS = 8_000;
const RENEW_EVERY_MS = 2_500;
// For waiting on another process's lease: a refresh may take a minute (see the grants), then its write.
const MAX_LEASE_WAIT_MS = 90_000;

/** A lease that this process holds. */
export interface HeldLease {
  /** Whether it was renewed recently: not so after the process was frozen, when another one may hold it. */
  isFresh: () => boolean;
  /** Renews it, and waits for it where another process holds it. */
  renew: () => Promise<void>;
  /** Never rejects. */
  release: () => Promise<void>;
}

/** This process's lease on a user's tokens, as the store keeps it for all processes. */
export class RefreshLease {
  readonly #store: CheckedStore;
  readonly #now: () => number;
  readonly #warn: (message: string, fields: object) => void;
  // Names this process. A lease that it could not release is its own to acquire again.
  readonly #owner: string = crypto.randomUUID();
  /** When each lease that this process holds was last asked for. */
  readonly #renewedAt = new Map<string, { steady: number; wall: number }>();

  constructor(options: {
    store: CheckedStore;
    now: () => number;
    warn: (message: string, fields: object) => void;
  }) {
    this.#store = options.store;
    this.#now = options.now;
    this.#warn = options.warn;
  }

  /** Acquires or renews the lease. `false`: another process holds it. */
  async acquire(userId: string): Promise<boolean> {
    const asked = this.#clocks();
    const isHeld = await this.#store.acquireLease(userId, { owner: this.#owner, ttlMs: LEASE_TTL_MS });
    if (isHeld) this.#renewedAt.set(userId, asked);
    return isHeld;
  }

  /**
   * Acquires the lease, however long another process holds it. `look` runs between the attempts; what it returns
   * ends the wait.
   */
  async wait<T>(userId: string, look: () => Promise<T | null>): Promise<T | null> {
    const until = this.#now() + MAX_LEASE_WAIT_MS;
    for (const ms of growingPauses()) {
      if (await this.acquire(userId)) return null;
      if (this.#now() > until) break;
      await pause(ms);
      const found = await look();
      if (found !== null) return found;
    }
    throw new CalTimeoutError(
      `Another process has held the user's refresh lease for ${String(MAX_LEASE_WAIT_MS)} ms.`,
    );
  }

  /** Renews the lease, which was just acquired, for as long as the work takes. */
  hold(userId: string): HeldLease {
    let renewal: Promise<unknown> | undefined;
    const timer = setInterval(() => {
      renewal ??= this.acquire(userId)
        // Writes are guarded by their version, so a lost lease costs a refresh, not a token.
        .catch((error: unknown) =>
          this.#warn("calbridge: the refresh lease could not be renewed", { userId, error }),
        )
        .finally(() => (renewal = undefined));
    }, RENEW_EVERY_MS);
    return {
      isFresh: () => this.#ageOf(userId) < LEASE_TTL_MS / 2,
      renew: async () => {
        await this.wait(userId, () => Promise.resolve(null));
      },
      release: async () => {
        clearInterval(timer);
        // A renewal that arrives after the release would block the next process.
        await renewal;
        await this.#release(userId);
      },
    };
  }

  /** How long ago the lease was last renewed, in milliseconds, by the clock that has gone further. */
  #ageOf(userId: string): number {
    const renewed = this.#renewedAt.get(userId);
    if (!renewed) return Number.POSITIVE_INFINITY;
    const { steady, wall } = this.#clocks();
    return Math.max(steady - renewed.steady, wall - renewed.wall);
  }

  /** A clock that can't be set; and one that goes on while the whole machine is suspended. */
  #clocks(): { steady: number; wall: number } {
    return { steady: performance.now(), wall: this.#now() };
  }

  async #release(userId: string): Promise<void> {
    this.#renewedAt.delete(userId);
    try {
      await this.#store.releaseLease(userId, { owner: this.#owner });
    } catch (error) {
      // It expires without a release, and the caller is interested in the tokens.
      this.#warn("calbridge: the refresh lease could not be released", { userId, error });
    }
  }
}
