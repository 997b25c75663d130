import * as z from "zod/mini";
import { SingleFlight } from "../../lib/single-flight.js";
import { foundSchema, type Attempt, type Found } from "./oauth-state.js";
import type { SharedRecords } from "./shared-records.js";

/** What the token store keeps of an attempt, as long as a calendar can be connected with its link. */
export interface KeptAttempt {
  userId: string;
  nonceHash: string;
  found: Found;
  /** The provider's connections when it was completed; `null` if it was not. */
  leftIds: number[] | null;
  /** In milliseconds since 1970. */
  endsAt: number;
}

/** Connection attempts, as all servers of the application know them. */
export interface Attempts {
  /**
   * Keeps a new attempt, as long as something can be connected with its link.
   *
   * @param linkEndsAt - The end of the access token in the link, if that is known.
   * @returns Until when the attempt is kept, in milliseconds since 1970.
   */
  start(attempt: Attempt, found: Found, linkEndsAt: Date | null): Promise<number>;
  /** What is kept of an attempt; `null` if there is nothing (any more). */
  find(id: string): Promise<KeptAttempt | null>;
  /**
   * Completes an attempt, once. Callers that come while that is under way get the same outcome, or `null` if it is under
   * way on another server; later callers get `null`. After an error it can be completed again.
   */
  completeOnce<T>(attempt: Attempt, complete: () => Promise<T>): Promise<T | null>;
  /** Keeps what a completed attempt has left the user with. */
  markCompleted(id: string, kept: KeptAttempt, leftIds: number[]): Promise<void>;
}

const keptSchema = z.object({
  userId: z.string(),
  nonceHash: z.string(),
  found: foundSchema,
  leftIds: z.nullable(z.array(z.number())),
  endsAt: z.number(),
});
const useSchema = z.object({ runningUntil: z.number() });

/** A managed user's access token lives for an hour. */
const LINK_LIFE_MS = 60 * 60_000;
/** For consent that was given at the last moment, and for clocks that differ. At least as long as a state lives. */
const LINK_GRACE_MS = 10 * 60_000;
// Longer than it takes to complete an attempt; then the server was stopped, and the callback can be loaded again.
const MAX_RUN_MS = 60_000;
// For attempts of which the store keeps nothing. As many as a busy server has in ten minutes.
const MAX_ENTRIES = 10_000;

/** How long after its start something can be connected with an attempt's link, where the end is not known. */
export const ASSUMED_LIFE_MS = LINK_LIFE_MS + LINK_GRACE_MS;

/**
 * Creates the attempts of one set of handlers. Without `records` an attempt is completed once by these handlers, and
 * nothing is known of it elsewhere.
 */
export function createAttempts(records: SharedRecords | null, now: () => number): Attempts {
  const completed = new Set<string>();
  const running = new SingleFlight<unknown>();

  async function completeHere<T>({ id }: Attempt, complete: () => Promise<T>): Promise<T | null> {
    if (completed.has(id)) return null;
    const outcome = await complete();
    completed.add(id);
    for (const oldest of completed) {
      if (completed.size <= MAX_ENTRIES) break;
      completed.delete(oldest);
    }
    return outcome;
  }

  async function completeAnywhere<T>(
    { id }: Attempt,
    complete: () => Promise<T>,
    shared: SharedRecords,
  ): Promise<T | null> {
    const kept = await shared.get(attemptKey(id), keptSchema);
    if (!kept || kept.leftIds !== null) return null;
    const use = await shared.take(useKey(id), useSchema);
    if (!use) return null;
    const put = (runningUntil: number) => shared.put(useKey(id), { runningUntil }, kept.endsAt - now());
    if (use.runningUntil > now()) {
      await put(use.runningUntil);
      return null;
    }
    await put(now() + MAX_RUN_MS);
    try {
      const outcome = await complete();
      await shared.take(useKey(id), useSchema);
      return outcome;
    } catch (error) {
      // If the store fails as well, the callback can be loaded again when the time of this run is over.
      await put(0).catch(() => undefined);
      throw error;
    }
  }

  return {
    async start({ id, userId, nonceHash }, found, linkEndsAt) {
      const endsAt = (linkEndsAt?.getTime() ?? now() + LINK_LIFE_MS) + LINK_GRACE_MS;
      const kept: KeptAttempt = { userId, nonceHash, found, leftIds: null, endsAt };
      await Promise.all([
        records?.put(attemptKey(id), kept, endsAt - now()),
        records?.put(useKey(id), { runningUntil: 0 }, endsAt - now()),
      ]);
      return endsAt;
    },
    find: async (id) => (await records?.get(attemptKey(id), keptSchema)) ?? null,
    completeOnce: <T>(attempt: Attempt, complete: () => Promise<T>) =>
      running.join(attempt.id, () =>
        records && !attempt.found
          ? completeAnywhere(attempt, complete, records)
          : completeHere(attempt, complete),
      ) as Promise<T | null>,
    async markCompleted(id, kept, leftIds) {
      await records?.put(attemptKey(id), { ...kept, leftIds }, kept.endsAt - now());
    },
  };
}

function attemptKey(id: string): string {
  return `attempt:${id}`;
}

function useKey(id: string): string {
  return `use:${id}`;
}
