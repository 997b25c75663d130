import { CalTimeoutError } from "../errors.js";
import { onAbort } from "./abort.js";

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

/** What {@link withTimeLimit} rejects with when the time is up. */
export const TIME_IS_UP = Symbol("the time is up");

/**
 * What the work comes to, unless the time is up or the caller gives up: then its signal is aborted, and a
 * `fetch` or a body that doesn't heed it holds nobody up.
 */
export function withTimeLimit<T>(
  work: (signal: AbortSignal) => Promise<T>,
  timeoutMs: number,
  outer: AbortSignal | undefined,
): Promise<T> {
  const controller = new AbortController();
  return new Promise<T>((resolve, reject) => {
    const end = (reason: unknown) => {
      settle();
      // Neither is told to anybody: the caller gets its own reason, or a CalTimeoutError.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason);
      controller.abort();
    };
    const timer = setTimeout(end, timeoutMs, TIME_IS_UP);
    const unwatch = outer && onAbort(outer, () => end(outer.reason));
    const settle = () => {
      clearTimeout(timer);
      unwatch?.();
    };
    if (outer?.aborted) {
      end(outer.reason);
      return;
    }
    work(controller.signal).then(
      (value) => {
        settle();
        resolve(value);
      },
      (error: unknown) => {
        settle();
        // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
        reject(error);
      },
    );
  });
}
