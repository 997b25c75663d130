/** The emulator's time. Everything that lives or ends there (tokens, caches, rate limits) goes by it. */
export interface EmulatorClock {
  /** Milliseconds since 1970, as the emulator sees them. */
  now: () => number;
  /** Moves the time forward by `ms` milliseconds; back, if they are less than 0. */
  advance(ms: number): void;
  /** Sets the time. It goes on from there. */
  set(time: number | Date): void;
}

export function createClock(base: () => number): EmulatorClock {
  let offset = 0;
  return {
    now: () => base() + offset,
    advance(ms) {
      if (!Number.isFinite(ms)) throw new TypeError("advance takes milliseconds: advance(60 * 60_000).");
      offset += ms;
    },
    set(time) {
      // By its form: fake timers, and some test runners, have a Date of their own.
      const isTime = typeof time === "number" || Object.prototype.toString.call(time) === "[object Date]";
      if (!isTime || !Number.isFinite(Number(time))) {
        throw new TypeError("set takes milliseconds since 1970, or a valid Date.");
      }
      offset = Number(time) - base();
    },
  };
}

/**
 * Lets everything else that is ready have its turn: the moment between Cal.com's reading and its writing,
 * in which requests that are under way at once get into each other's way.
 *
 * A `MessageChannel`, since a test may have replaced `setTimeout`.
 */
export function turn(): Promise<void> {
  if (typeof MessageChannel === "undefined") return microtasks();
  return new Promise((resolve) => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => {
      port1.close();
      resolve();
    };
    port2.postMessage(null);
  });
}

async function microtasks(): Promise<void> {
  for (let i = 0; i < 50; i++) await Promise.resolve();
}
