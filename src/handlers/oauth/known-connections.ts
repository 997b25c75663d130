import * as z from "zod/mini";
import type { Connection } from "../account.js";
import { digest, hasExpired, providerSchema, type Attempt } from "./oauth-state.js";
import { PENDING_LIFE_MS } from "./pending-roll-back.js";
import { withEntry, type SharedRecords } from "./shared-records.js";

/** Which connections have been seen working, and since when, as all servers of the application know it. */
export interface KnownConnections {
  /** From now on until `endsAt`, sightings of the connections of the attempt's user are kept. */
  watch(attempt: WatchedAttempt & { userId: string }, endsAt: number): Promise<void>;
  /** The user's attempts of the last ten minutes, on all devices. */
  recentAttempts(userId: string): Promise<WatchedAttempt[]>;
  /** Keeps which of these connections work. Only for a user who has started an attempt a short time ago. */
  note(userId: string, connections: readonly Connection[]): Promise<void>;
  /** Those of the connections that were seen working at this time or earlier. */
  seenUntil(userId: string, credentialIds: readonly number[], time: number): Promise<Set<number>>;
  /** The address that a connection had when it was first seen working; `null` if that is not known. */
  addressOf(userId: string, credentialId: number): Promise<string | null>;
}

type WatchedAttempt = Pick<Attempt, "id" | "provider" | "startedAt">;

const attemptSchema = z.object({ id: z.string(), provider: providerSchema, startedAt: z.number() });
const watchSchema = z.object({
  isWatched: z.literal(true),
  attempts: z._default(z.array(attemptSchema), []),
});
const sightingSchema = z.object({ firstSeenAt: z.number(), email: z._default(z.nullable(z.string()), null) });

// As many as a browser may have. More would not fit into a record.
const MAX_ATTEMPTS = 24;
// A pending roll-back needs the sightings of before.
const SIGHTING_LIFE_MS = PENDING_LIFE_MS + 24 * 60 * 60_000;

/** Creates the memory of connections. Without `records` nothing is known, and nothing is rolled back either. */
export function createKnownConnections(records: SharedRecords | null, now: () => number): KnownConnections {
  // One record for each connection: records that several servers update at once would lose some.
  const keyOf = async (userId: string, credentialId: number): Promise<string> =>
    `seen:${await digest(userId)}:${credentialId}`;
  const watchKey = async (userId: string): Promise<string> => `watch:${await digest(userId)}`;
  async function recentAttempts(userId: string): Promise<WatchedAttempt[]> {
    const watched = await records?.get(await watchKey(userId), watchSchema);
    return watched?.attempts.filter((attempt) => !hasExpired(attempt, now())) ?? [];
  }

  return {
    async watch({ userId, id, provider, startedAt }, endsAt) {
      const watch = { schema: watchSchema, ttlMs: endsAt - now() };
      await records?.update(await watchKey(userId), watch, (current): z.infer<typeof watchSchema> => {
        const running = current?.attempts.filter((one) => !hasExpired(one, now())) ?? [];
        const attempts = withEntry(running, { id, provider, startedAt }, MAX_ATTEMPTS);
        return { isWatched: true, attempts };
      });
    },
    recentAttempts,
    async note(userId, connections) {
      const working = connections.filter(({ connected, credentialId }) => connected && credentialId > 0);
      if (!records || working.length === 0) return;
      if (!(await records.get(await watchKey(userId), watchSchema))) return;
      await Promise.all(
        working.map(async ({ credentialId, email }) => {
          const key = await keyOf(userId, credentialId);
          if (await records.get(key, sightingSchema)) return;
          await records.put(key, { firstSeenAt: now(), email }, SIGHTING_LIFE_MS);
        }),
      );
    },
    async seenUntil(userId, credentialIds, time) {
      const sightings = await Promise.all(
        credentialIds.map(async (id) => ({
          id,
          sighting: await records?.get(await keyOf(userId, id), sightingSchema),
        })),
      );
      const seen = sightings.filter(({ sighting }) => sighting && sighting.firstSeenAt <= time);
      return new Set(seen.map(({ id }) => id));
    },
    async addressOf(userId, credentialId) {
      return (await records?.get(await keyOf(userId, credentialId), sightingSchema))?.email ?? null;
    },
  };
}
