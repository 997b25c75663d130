/**
 * Waits for all promises. If one rejects, it rejects with the first one's reason, and not before all have settled:
 * nothing goes on behind the caller's back.
 */
export async function whenAll<T extends readonly unknown[]>(
  promises: T,
): Promise<{ -readonly [Index in keyof T]: Awaited<T[Index]> }> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}
