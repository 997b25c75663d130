import { pauseUnlessAborted } from "../lib/backoff.js";

/** Spreads the users over the time. */
export class Pace {
  readonly #everyMs: number;
  readonly #signal: AbortSignal | undefined;
  #nextAt = 0;

  constructor(maxPerMinute: number, signal: AbortSignal | undefined) {
    this.#everyMs = 60_000 / maxPerMinute;
    this.#signal = signal;
  }

  /** Waits for the next turn. Returns `false` if the run ends before it. */
  async turn(): Promise<boolean> {
    const now = performance.now();
    const at = Math.max(now, this.#nextAt);
    this.#nextAt = at + this.#everyMs;
    if (at > now) await pauseUnlessAborted(at - now, this.#signal);
    return this.#signal?.aborted !== true;
  }
}
