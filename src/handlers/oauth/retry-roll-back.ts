import { isLongLived } from "../../lib/env.js";
import type { HandlerContext } from "../types.js";

const LONG_PAUSES_MS = [5_000, 25_000, 60_000, 120_000, 300_000];
// Elsewhere the platform ends, or charges for, work that goes on after the response.
const SHORT_PAUSES_MS = LONG_PAUSES_MS.slice(0, 2);
const MAX_USERS = 100;

/**
 * Finishes a user's roll-back a little later, since the user may send no request for a long time. Only where the runtime
 * carries out what no request waits for; after the last try, and in other processes, the cron route does it.
 */
export function retryInBackground(
  context: HandlerContext,
  userId: string,
  finish: () => Promise<unknown>,
): void {
  const { background } = context.options;
  const { retrying } = context;
  if (!background || retrying.has(userId) || retrying.size >= MAX_USERS) return;
  retrying.add(userId);
  background(retry(finish).finally(() => retrying.delete(userId)));
}

async function retry(finish: () => Promise<unknown>): Promise<void> {
  for (const ms of isLongLived() ? LONG_PAUSES_MS : SHORT_PAUSES_MS) {
    await pauseUnlessLast(ms);
    const isFinished = await finish().then(
      () => true,
      // Reported when the callback was rejected. The roll-back is still pending, and withholds the user's responses.
      () => false,
    );
    if (isFinished) return;
  }
}

/** Waits, unless nothing else keeps the process running: then it ends, and the roll-back stays in the store. */
function pauseUnlessLast(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const timer: unknown = setTimeout(resolve, ms);
    if (typeof timer === "object") (timer as { unref?: () => void } | null)?.unref?.();
  });
}
