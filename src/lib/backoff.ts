import { onAbort } from "./abort.js";

/** Waits. Takes no signal: several callers wait for the work that pauses here, and one of them must not end it. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the time is over or the signal is aborted, whichever is first. Never rejects. */
export function pauseUnlessAborted(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve) => {
    const end = (): void => {
      clearTimeout(timer);
      unwatch?.();
      resolve();
    };
    const timer = setTimeout(end, ms);
    const unwatch = signal && onAbort(signal, end);
    if (signal?.aborted) end();
  });
}

/** Delays that grow from 25 ms to 500 ms. Each is a random value of its upper half, so that waiters don't retry together. */
export function* growingPauses(): Generator<number, never> {
  for (let ms = 25; ; ms = Math.min(500, ms * 1.6)) yield ms * (0.5 + Math.random() / 2);
}
