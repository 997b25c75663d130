import { SingleFlight } from "../../lib/single-flight.js";

// As many as a busy server has within the life of one.
const MAX_ENTRIES = 10_000;

/** What the handlers of one process remember of attempts. */
export interface Attempts<T> {
  /**
   * Ends an attempt, once: whoever comes while that is under way gets the same outcome, and whoever comes
   * after it `null`. An error leaves the attempt as it was.
   */
  endOnce(id: string, end: () => Promise<T>): Promise<T | null>;
}

/** Makes a memory of attempts that have ended. It forgets the oldest first. */
export function createAttempts<T>(): Attempts<T> {
  const ended = new Map<string, true>();
  const running = new SingleFlight<T | null>();
  return {
    endOnce: (id, end) =>
      running.join(id, async () => {
        if (ended.has(id)) return null;
        const outcome = await end();
        add(ended, id, true);
        return outcome;
      }),
  };
}

/** Adds an entry, and drops the oldest one if there are too many. */
function add<K, V>(map: Map<K, V>, key: K, value: V): void {
  map.set(key, value);
  if (map.size <= MAX_ENTRIES) return;
  for (const oldest of map.keys()) {
    map.delete(oldest);
    return;
  }
}

/** Which credentials this process has known for a while. */
export interface KnownCredentials {
  note(credentialIds: readonly number[]): void;
  /** Whether the credential has been there for so long that no return which comes in now can have brought it. */
  isSettled(credentialId: number): boolean;
}

// A browser comes to us the moment Cal.com has stored a credential.
const SETTLES_AFTER_MS = 60_000;

/** Makes a memory of credentials. It forgets the oldest first. */
export function createKnownCredentials(now: () => number): KnownCredentials {
  const firstSeen = new Map<number, number>();
  return {
    note(credentialIds) {
      for (const id of credentialIds) if (!firstSeen.has(id)) add(firstSeen, id, now());
    },
    isSettled(credentialId) {
      const at = firstSeen.get(credentialId);
      return at !== undefined && now() - at >= SETTLES_AFTER_MS;
    },
  };
}
