/** Waits. Ends with the timer: nothing that waits here is anybody's alone, so no caller's signal cuts it short. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Pauses that grow from 25 ms to half a second, each spread over its upper half so that waiters don't come in step. */
export function* growingPauses(): Generator<number, never> {
  for (let ms = 25; ; ms = Math.min(500, ms * 1.6)) yield ms * (0.5 + Math.random() / 2);
}
