// Loaded when it is needed. It imports nothing: a bundler would put what it shares with the handlers into one more file.

const LONG_PAUSES_MS = [5_000, 25_000, 60_000, 120_000, 300_000];
// Elsewhere the platform ends, or charges for, work that goes on after the response.
const SHORT_PAUSES_MS = LONG_PAUSES_MS.slice(0, 2);

const MAX_USERS = 100;

/**
 * Tries to finish a user's roll-backs, until that succeeds; for some minutes in a process that runs on.
 *
 * @param retrying - Users for whom that is under way.
 */
export async function retryRollBack(
  retrying: Set<string>,
  userId: string,
  finish: () => Promise<unknown>,
  isLongLived: boolean,
): Promise<void> {
  if (retrying.has(userId) || retrying.size >= MAX_USERS) return;
  retrying.add(userId);
  await untilFinished(finish, isLongLived);
  retrying.delete(userId);
}

async function untilFinished(finish: () => Promise<unknown>, isLongLived: boolean): Promise<void> {
  for (const ms of isLongLived ? LONG_PAUSES_MS : SHORT_PAUSES_MS) {
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
