/** A `fetch` whose calls all take the same time, and which counts those that wait for one another. */
export interface RoundTrips {
  fetch: typeof fetch;
  /** Does some work. Returns how many calls followed one another, how many there were, and how long it took. */
  measure(work: () => Promise<unknown>): Promise<RoundTripCosts>;
}

export interface RoundTripCosts {
  /** The longest chain of calls of which each begins after the one before has ended. */
  sequential: number;
  calls: number;
  /** In milliseconds. */
  elapsedMs: number;
}

interface Interval {
  startedAt: number;
  endedAt: number;
}

/** Makes every call take `latencyMs`. Calls that begin within this time of one another count as one round trip. */
export function countRoundTrips(send: typeof fetch, latencyMs: number): RoundTrips {
  let intervals: Interval[] = [];
  return {
    async fetch(input, init) {
      const startedAt = performance.now();
      await new Promise((resolve) => setTimeout(resolve, latencyMs));
      try {
        return await send(input, init);
      } finally {
        intervals.push({ startedAt, endedAt: performance.now() });
      }
    },
    async measure(work) {
      intervals = [];
      const startedAt = performance.now();
      await work();
      const elapsedMs = performance.now() - startedAt;
      return { sequential: longestChain(intervals), calls: intervals.length, elapsedMs };
    },
  };
}

function longestChain(intervals: readonly Interval[]): number {
  let length = 0;
  let end = Number.NEGATIVE_INFINITY;
  for (const { startedAt, endedAt } of [...intervals].sort((a, b) => a.endedAt - b.endedAt)) {
    if (startedAt < end) continue;
    length += 1;
    end = endedAt;
  }
  return length;
}
