import { CalTimeoutError } from "../errors.js";
import { onAbort } from "./abort.js";

/**
 * Settles as the promise does, unless the time limit ends or the signal is aborted first. The work behind the promise
 * goes on, as other callers may wait for it. No timer and no listener stays behind.
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
      // The signal's reason may be any value. `fetch` rejects with it as well.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      reject(reason);
    };
    const timer = time && setTimeout(() => end(new CalTimeoutError(time.message)), time.ms);
    const unwatch = signal && onAbort(signal, () => end(signal.reason));
    if (signal?.aborted) end(signal.reason);
    promise.finally(settle).then(resolve, reject);
  });
}

/** The reason that {@link withTimeLimit} rejects with when the time limit ends. */
export const TIME_IS_UP = Symbol("the time is up");

/**
 * Does the work within a time limit. When the limit ends or `outer` is aborted, it rejects at once and aborts the
 * work's signal. It does not wait for the work, since a custom `fetch` may ignore its signal.
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
      // TIME_IS_UP or the reason of `outer`. The transport turns TIME_IS_UP into a CalTimeoutError.
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
