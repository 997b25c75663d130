// No library: those that share a promise by key (p-memoize, dataloader and others) wait forever for work that the
// runtime has stopped. When a request ends, Workers stop the work that it started, and its promises never settle. A
// heartbeat timer, which stops together with the work, detects that.
const HEARTBEAT_MS = 1_000;
const SILENCE_MS = 5_000;

/** Work in flight that several callers wait for. */
class InFlight<T> {
  readonly promise: Promise<T>;
  // A monotonic clock: a change of the system's clock must not look like silence.
  #lastBeatAt = performance.now();

  constructor(promise: Promise<T>) {
    const heartbeat = setInterval(() => (this.#lastBeatAt = performance.now()), HEARTBEAT_MS);
    this.promise = promise.finally(() => clearInterval(heartbeat));
    // All callers may have stopped waiting when it fails.
    this.promise.catch(() => undefined);
  }

  /** Whether the last heartbeat was so long ago that the work may have been stopped. */
  get isSilent(): boolean {
    return performance.now() - this.#lastBeatAt > SILENCE_MS;
  }

  /** Whether silent work was stopped: its promise will never settle. */
  async wasStopped(): Promise<boolean> {
    // After a freeze of the whole process all timers are late. If the work still runs, a heartbeat comes during this wait.
    await new Promise((resolve) => setTimeout(resolve, 2 * HEARTBEAT_MS));
    return this.isSilent;
  }
}

/** Joins callers that need the same work: at most one run per key is in flight. */
export class SingleFlight<T> {
  readonly #inFlight = new Map<string, InFlight<T>>();
  readonly #onStart: (promise: Promise<unknown>) => void;

  /** @param onStart - Called with each run, for example a runtime's `waitUntil`. */
  constructor(onStart: (promise: Promise<unknown>) => void = () => undefined) {
    this.#onStart = onStart;
  }

  /**
   * Joins the run in flight for this key, or starts one.
   *
   * @param run - Does the work. Its argument returns whether this run is still the current one of the key, which it no
   * longer is after `forget()`.
   */
  async join(key: string, run: (isCurrent: () => boolean) => Promise<T>): Promise<T> {
    const known = this.#inFlight.get(key);
    // If several callers find that the run was stopped, the first starts a new run and the others join it.
    if (known?.isSilent && (await known.wasStopped()) && this.#inFlight.get(key) === known) this.forget(key);
    return (this.#inFlight.get(key) ?? this.#start(key, run)).promise;
  }

  /** Makes later callers start a new run. A run in flight goes on for the callers that wait for it. */
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
      // Asynchronous, so that the entry is in the map before `run` is called.
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
