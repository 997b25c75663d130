/**
 * Deletes entries that have ended, so that an emulator that runs for long does not keep something of each token it ever
 * issued. The oldest are first: it stops at the first one that has not ended.
 */
export function deleteEnded<Entry>(entries: Map<string, Entry>, hasEnded: (entry: Entry) => boolean): void {
  for (const [key, entry] of entries) {
    if (!hasEnded(entry)) return;
    entries.delete(key);
  }
}
