import { pauseUnlessAborted } from "../lib/backoff.js";

/** Spreads the users over the time. */
export class Pace {
  readonly #everyMs: number;
  readonly #rateLimitMs: () => number;
  readonly #signal: AbortSignal;
  #nextAt = 0;

  /** @param rateLimitMs - How long to wait when little of Cal.com's rate limit is left. */
  constructor(maxPerMinute: number, rateLimitMs: () => number, signal: AbortSignal) {
    this.#everyMs = 60_000 / maxPerMinute;
    this.#rateLimitMs = rateLimitMs;
    this.#signal = signal;
  }

  /** Waits for the next turn. Returns `false` if the run ends before it. */
  async turn(): Promise<boolean> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#everyMs;
    // The requests that are left are for the application's own calls.
    const waitMs = Math.max(at - now, this.#rateLimitMs());
    if (waitMs > 0) await pauseUnlessAborted(waitMs, this.#signal);
    return !this.#signal.aborted;
  }
}
