const BEAT_MS = 1_000;
const SILENCE_MS = 5_000;

/**
 * Work that several callers wait for. It has a pulse: a runtime that stops with the response (Workers) stops what
 * that request has begun, its timers included, and then the promise never settles.
 */
export class SharedWork<T> {
  readonly promise: Promise<T>;
  // Not by the clock, which can be set.
  #beatAt = performance.now();

  constructor(promise: Promise<T>) {
    const pulse = setInterval(() => (this.#beatAt = performance.now()), BEAT_MS);
    this.promise = promise.finally(() => clearInterval(pulse));
    // Everybody who waits may have left when it fails.
    this.promise.catch(() => undefined);
  }

  /** Whether it has been silent for so long that it may be lost. */
  get isSilent(): boolean {
    return performance.now() - this.#beatAt > SILENCE_MS;
  }

  /** Whether silent work is lost: nobody should wait for it any more. */
  async isLost(): Promise<boolean> {
    // In a process that was frozen all of it is late: what is alive beats before this ends.
    await new Promise((resolve) => setTimeout(resolve, 2 * BEAT_MS));
    return this.isSilent;
  }
}

/** Work under way by what it is for, at most one at a time. */
export class SharedWorks<T> {
  readonly #works = new Map<string, SharedWork<T>>();

  /** Joins the work that is under way, or starts it. */
  async join(key: string, start: () => Promise<T>): Promise<T> {
    const known = this.#works.get(key);
    // Of those who find it lost the first starts anew, and the others join that.
    if (known?.isSilent && (await known.isLost()) && this.#works.get(key) === known) this.#works.delete(key);
    const current = this.#works.get(key);
    if (current) return current.promise;
    const work = new SharedWork(
      start().finally(() => {
        if (this.#works.get(key) === work) this.#works.delete(key);
      }),
    );
    this.#works.set(key, work);
    return work.promise;
  }
}
