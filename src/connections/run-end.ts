import { onAbort } from "../lib/abort.js";
import { MAX_TIMEOUT_MS } from "../lib/assert.js";

/** When a run of checks ends: because no user is due any more, or because it has to stop. */
export class RunEnd {
  readonly #end = new AbortController();
  readonly #grace = new AbortController();
  readonly #unwatch: (() => void) | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param graceMs - How long checks in flight are waited for after the signal. More than a timer can wait: no limit. */
  constructor(signal: AbortSignal | undefined, graceMs: number) {
    const stop = (): void => {
      this.#end.abort();
      if (graceMs > MAX_TIMEOUT_MS) return;
      this.#timer = setTimeout(() => this.#grace.abort(), graceMs);
    };
    this.#unwatch = signal && onAbort(signal, stop);
    if (signal?.aborted) stop();
  }

  /** Aborted when no more users are to be begun. */
  get signal(): AbortSignal {
    return this.#end.signal;
  }

  /** Aborted when checks in flight are not waited for any longer. */
  get graceSignal(): AbortSignal {
    return this.#grace.signal;
  }

  /** No user is due. */
  now(): void {
    this.#end.abort();
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#unwatch?.();
  }
}
