import * as z from "zod/mini";
import { SingleFlight } from "../../lib/single-flight.js";
import { STATE_LIFE_MS } from "./oauth-state.js";
import type { SharedRecords } from "./shared-records.js";

/** How far an attempt to link has come. */
interface LinkProgress {
  /** Whether the code was exchanged, and the account is linked. */
  isLinked: boolean;
  /** Whether nothing is left to do. */
  isComplete?: boolean;
}

/** Attempts to link a Cal.com account, as all servers of the application know them. */
export interface LinkAttempts {
  /** Keeps a new attempt, for as long as its callback is accepted. */
  start(id: string): Promise<void>;
  /**
   * Completes an attempt, once: a code works once. Callers that come while that is under way in this process get the
   * same outcome; others get `null`. An attempt that has linked the account and is not complete can be completed
   * again, without the code.
   */
  completeOnce<T>(id: string, complete: (progress: LinkProgress) => Promise<T>): Promise<T | null>;
}

const progressSchema = z.object({ isLinked: z.boolean() });

// Clocks differ a little.
const LIFE_MS = 2 * STATE_LIFE_MS;
// For a store that keeps no attempts. As many as a busy server has in ten minutes.
const MAX_ENTRIES = 10_000;

/** Creates the attempts of one set of handlers. Without `records` an attempt is completed once by these handlers. */
export function createLinkAttempts(records: SharedRecords | null): LinkAttempts {
  const running = new SingleFlight<unknown>();
  // What was not started here is not refused: another server, whose store keeps nothing either, may have started it.
  const local = new Map<string, LinkProgress | null>();

  async function take(id: string): Promise<LinkProgress | null> {
    if (records) return records.take(keyOf(id), progressSchema);
    const progress = local.get(id);
    local.set(id, null);
    for (const oldest of local.keys()) {
      if (local.size <= MAX_ENTRIES) break;
      local.delete(oldest);
    }
    return progress === undefined ? { isLinked: false } : progress;
  }

  async function put(id: string, progress: LinkProgress): Promise<void> {
    if (records) await records.put(keyOf(id), progress, LIFE_MS);
    else local.set(id, progress);
  }

  return {
    async start(id) {
      await records?.put(keyOf(id), { isLinked: false }, LIFE_MS);
    },
    completeOnce: <T>(id: string, complete: (progress: LinkProgress) => Promise<T>) =>
      running.join(id, async () => {
        const taken = await take(id);
        if (!taken) return null;
        const progress: LinkProgress = { isLinked: taken.isLinked };
        try {
          return await complete(progress);
        } finally {
          if (progress.isLinked && !progress.isComplete) await put(id, { isLinked: true });
        }
      }) as Promise<T | null>,
  };
}

function keyOf(id: string): string {
  return `link:${id}`;
}
