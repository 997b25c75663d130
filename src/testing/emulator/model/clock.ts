/** The emulator's clock. Tokens, caches and rate limits use it. */
export interface EmulatorClock {
  /** The current time in milliseconds since 1970. */
  now: () => number;
  /** Moves the time forward by `ms` milliseconds, or back if `ms` is negative. */
  advance(ms: number): void;
  /** Sets the time, which then runs on from there. */
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
      // Not `instanceof Date`: fake timers and some test runners have a Date of their own.
      const isTime = typeof time === "number" || Object.prototype.toString.call(time) === "[object Date]";
      if (!isTime || !Number.isFinite(Number(time))) {
        throw new TypeError("set takes milliseconds since 1970, or a valid Date.");
      }
      offset = Number(time) - base();
    },
  };
}

/**
 * Lets all other pending work run: the time between Cal.com's read and its write, in which concurrent requests
 * collide. Uses a `MessageChannel`, since a test may have replaced `setTimeout`.
 */
export function yieldToOthers(): Promise<void> {
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
