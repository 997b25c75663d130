// No library: those that share a promise by key (p-memoize, dataloader and others) wait for ever for work that the
// runtime has stopped. Workers stop what a request has started when the request ends, and its promises then never
// settle. A heartbeat timer, which stops with the work, detects that.
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 5_000;

/** Work in flight that several callers wait for. */
class InFlight<T> {
  readonly promise: Promise<T>;
  // A clock that can't be set.
  #lastBeatAt = performance.now();

  constructor(promise: Promise<T>) {
    const heartbeat = setInterval(() => (this.#lastBeatAt = performance.now()), HEARTBEAT_MS);
    this.promise = promise.finally(() => clearInterval(heartbeat));
    // All callers may have stopped waiting when it fails.
    this.promise.catch(() => undefined);
  }

  /** Whether there was no heartbeat for so long that the work may have been stopped. */
  get isSilent(): boolean {
    return performance.now() - this.#lastBeatAt > SILENCE_MS;
  }

  /** Whether silent work was stopped: its promise will never settle. */
  async wasStopped(): Promise<boolean> {
    // After a freeze of the whole process all timers are late. Work that goes on beats before this wait ends.
    await new Promise((resolve) => setTimeout(resolve, 2 * HEARTBEAT_MS));
    return this.isSilent;
  }
}

/** Joins callers that need the same work: at most one run per key is in flight. */
export class SingleFlight<T> {
  readonly #inFlight = new Map<string, InFlight<T>>();
  readonly #onStart: (promise: Promise<unknown>) => void;

  /** @param onStart - Receives each run, such as a runtime's `waitUntil`. */
  constructor(onStart: (promise: Promise<unknown>) => void = () => undefined) {
    this.#onStart = onStart;
  }

  /**
   * Joins the run in flight for this key, or starts one.
   *
   * @param run - Its argument says whether this run still is the current one of its key: `forget()` ends that.
   */
  async join(key: string, run: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    const known = this.#inFlight.get(key);
    // Of several callers that find it stopped, the first starts anew and the others join that run.
    if (known?.isSilent && (await known.wasStopped()) && this.#inFlight.get(key) === known) this.forget(key);
    return (this.#inFlight.get(key) ?? this.#start(key, run)).promise;
  }

  /** Makes later callers start anew. A run in flight goes on for those who wait for it. */
  forget(key: string): void {
    this.#inFlight.delete(key);
  }

  /** Waits for all runs that are in flight now. Never rejects. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#inFlight.values()].map(({ promise }) => promise));
  }

  #start(key: string, run: (isCurrent: () => boolean) => Promise<T>): InFlight<T> {
    const isCurrent = (): boolean => this.#inFlight.get(key) === started;
    const started: InFlight<T> = new InFlight(
      // Not before the entry is in the map.
      Promise.resolve()
        .then(() => run(isCurrent))
        .finally(() => {
          if (isCurrent()) this.forget(key);
        }),
    );
    this.#inFlight.set(key, started);
    this.#onStart(started.promise);
    return started;
  }
}
