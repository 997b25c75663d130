import * as z from "zod/mini";
import type { Connection } from "../account.js";
import { digest } from "./oauth-state.js";
import { PENDING_LIFE_MS } from "./pending-roll-back.js";
import type { SharedRecords } from "./shared-records.js";

/** Which connections have been seen working, and since when, as all servers of the application know it. */
export interface KnownConnections {
  /** From now on until `endsAt`, sightings of this user's connections are kept. */
  watch(userId: string, endsAt: number): Promise<void>;
  /** Keeps which of these connections work. Only for a user who has started an attempt a short time ago. */
  note(userId: string, connections: readonly Connection[]): Promise<void>;
  /** Those of the connections that were seen working at this time or earlier. */
  seenUntil(userId: string, credentialIds: readonly number[], time: number): Promise<Set<number>>;
}

const watchSchema = z.object({ isWatched: z.literal(true) });
const sightingSchema = z.object({ firstSeenAt: z.number() });

// A pending roll-back needs the sightings of before.
const SIGHTING_LIFE_MS = PENDING_LIFE_MS + 24 * 60 * 60_000;

/** Creates the memory of connections. Without `records` nothing is known, and nothing is rolled back either. */
export function createKnownConnections(records: SharedRecords | null, now: () => number): KnownConnections {
  // One record for each connection: records that several servers update at once would lose some.
  const keyOf = async (userId: string, credentialId: number): Promise<string> =>
    `seen:${await digest(userId)}:${credentialId}`;
  const watchKey = async (userId: string): Promise<string> => `watch:${await digest(userId)}`;

  return {
    async watch(userId, endsAt) {
      await records?.put(await watchKey(userId), { isWatched: true }, endsAt - now());
    },
    async note(userId, connections) {
      const working = connections.filter(({ connected, credentialId }) => connected && credentialId > 0);
      if (!records || working.length === 0) return;
      if (!(await records.get(await watchKey(userId), watchSchema))) return;
      await Promise.all(
        working.map(async ({ credentialId }) => {
          const key = await keyOf(userId, credentialId);
          if (await records.get(key, sightingSchema)) return;
          await records.put(key, { firstSeenAt: now() }, SIGHTING_LIFE_MS);
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
  };
}
