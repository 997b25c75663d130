import type { CheckedStore } from "./checked-store.js";

// Longer than a refresh takes, short enough for those who wait when its holder dies. Renewed meanwhile.
const LEASE_TTL_MS = 8_000;
const RENEW_EVERY_MS = 2_500;

/** This process's hold on the refresh of a user's tokens, as the store keeps it for all processes. */
export class RefreshLease {
  readonly #store: CheckedStore;
  readonly #warn: (message: string, fields: object) => void;
  // Names this process among others. A lease that it could not give back is its own to take again.
  readonly #owner: string = crypto.randomUUID();

  constructor({ store, warn }: { store: CheckedStore; warn: (message: string, fields: object) => void }) {
    this.#store = store;
    this.#warn = warn;
  }

  /** Takes the lease, or renews it. `false`: another process has it. */
  acquire(userId: string): Promise<boolean> {
    return this.#store.acquireLease(userId, { owner: this.#owner, ttlMs: LEASE_TTL_MS });
  }

  /** Renews the lease for as long as the work takes. Answers how to give it back; that never rejects. */
  hold(userId: string): () => Promise<void> {
    let renewal: Promise<unknown> | undefined;
    const timer = setInterval(() => {
      renewal ??= this.acquire(userId)
        // The write is guarded by its version, so a lost lease costs a refresh, not a token.
        .catch((error: unknown) =>
          this.#warn("calbridge: the refresh lease could not be renewed", { userId, error }),
        )
        .finally(() => (renewal = undefined));
    }, RENEW_EVERY_MS);
    return async () => {
      clearInterval(timer);
      // One that came in after the release would hold up the next process.
      await renewal;
      await this.#release(userId);
    };
  }

  async #release(userId: string): Promise<void> {
    try {
      await this.#store.releaseLease(userId, { owner: this.#owner });
    } catch (error) {
      // It ends by itself, and the tokens are what the caller wants to hear about.
      this.#warn("calbridge: the refresh lease could not be released", { userId, error });
    }
  }
}
