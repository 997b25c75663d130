import { onAbort } from "./abort.js";
import { CalTimeoutError } from "../errors.js";

/** Waits. Ends with the timer: nothing that waits here is anybody's alone, so no caller's signal cuts it short. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Pauses that grow from 25 ms to half a second, each spread over its upper half so that waiters don't come in step. */
export function* growingPauses(): Generator<number, never> {
  for (let ms = 25; ; ms = Math.min(500, ms * 1.6)) yield ms * (0.5 + Math.random() / 2);
}

/**
 * The promise's outcome, unless the caller's time or patience ends first. The work behind it goes on for
 * whoever else waits; of the caller, neither a timer nor a listener is left.
 */
export function within<T>(
  promise: Promise<T>,
  limit: { signal?: AbortSignal | undefined; time?: { ms: number; message: string } },
): Promise<T> {
  const { signal, time } = limit;
  return new Promise<T>((resolve, reject) => {
    const settle = (): void => {
      clearTimeout(timer);
      unwatch?.();
    };
    const end = (reason: unknown) => {
      settle();
      // The caller's own reason, whatever it is: `fetch` rejects with it as well.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason);
    };
    const timer = time && setTimeout(() => end(new CalTimeoutError(time.message)), time.ms);
    const unwatch = signal && onAbort(signal, () => end(signal.reason));
    if (signal?.aborted) end(signal.reason);
    promise.finally(settle).then(resolve, reject);
  });
}
