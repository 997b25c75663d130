import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import { digest, providerSchema } from "./oauth-state.js";
import { isSame, withEntry, type SharedRecords } from "./shared-records.js";

/** A roll-back that is not finished: of one user and one provider. */
export interface PendingRollBack {
  /** Cal.com's id of the user whose connections are concerned. */
  calUserId: number;
  /** The connections that stay: they were there before, or attempts of the user's own browser have left them. */
  sparedIds: number[];
  /** Connections that were seen working until then stay, too; in milliseconds since 1970. */
  seenUntil: number;
}

/** Roll-backs that Cal.com has refused for the moment, as all servers of the application know them. */
export interface PendingRollBacks {
  /** Keeps a roll-back for later. */
  add(userId: string, provider: OAuthProvider, rollBack: PendingRollBack): Promise<void>;
  /** The one that is kept for a Cal.com user: another account may be linked meanwhile, and the first one come back. */
  find(userId: string, provider: OAuthProvider, calUserId: number): Promise<PendingRollBack | null>;
  /** Removes a roll-back that is finished. Returns `false` if another one was added meanwhile. */
  finish(userId: string, provider: OAuthProvider, finished: PendingRollBack): Promise<boolean>;
  /** Users who have one, for work that no request of theirs starts. Of very many, some may be missing. */
  userIds(): Promise<string[]>;
}

const DAY_MS = 24 * 60 * 60_000;
/** How long a roll-back stays pending for a user who sends no request. A store may count 24 days of milliseconds only. */
export const PENDING_LIFE_MS = 20 * DAY_MS;

const pendingSchema = z.object({
  calUserId: z.number(),
  sparedIds: z.array(z.number()),
  seenUntil: z.number(),
});
const entrySchema = z.object({ userId: z.string(), provider: providerSchema, calUserId: z.number() });
type Entry = z.infer<typeof entrySchema>;
const listSchema = z.object({ entries: z.array(entrySchema) });

// A store can't list these records, so the users are in lists: several, since a record has a limit, and since several
// servers may write at once.
const LISTS = 32;
const MAX_ENTRIES = 16;

/** Creates the list of pending roll-backs. */
export function createPendingRollBacks(records: SharedRecords): PendingRollBacks {
  const keyOf = async ({ userId, provider, calUserId }: Entry): Promise<string> =>
    `roll-back:${await digest(userId)}:${provider}:${String(calUserId)}`;
  const pending = { schema: pendingSchema, ttlMs: PENDING_LIFE_MS };
  const list = { schema: listSchema, ttlMs: PENDING_LIFE_MS };

  const enlist = async (entry: Entry): Promise<void> => {
    const index = (await digest(entry.userId)).charCodeAt(0) % LISTS;
    await records.update(`roll-backs:${index}`, list, (current) => ({
      entries: withEntry(current?.entries ?? [], entry, MAX_ENTRIES),
    }));
  };
  /** The entries of a list whose roll-back is still pending. The others are removed from it. */
  const readList = async (index: number): Promise<Entry[]> => {
    const key = `roll-backs:${index}`;
    const entries = (await records.get(key, listSchema))?.entries ?? [];
    const isOver = await Promise.all(
      entries.map(async (entry) => (await records.get(await keyOf(entry), pendingSchema)) === null),
    );
    const over = entries.filter((_, at) => isOver[at]);
    if (over.length > 0) {
      await records.update(key, list, (current) => ({
        entries: current?.entries.filter((one) => !over.some((other) => isSame(one, other))) ?? [],
      }));
    }
    return entries.filter((one) => !over.includes(one));
  };

  return {
    async add(userId, provider, rollBack) {
      const entry = { userId, provider, calUserId: rollBack.calUserId };
      await records.update(await keyOf(entry), pending, (other) =>
        other ? both(other, rollBack) : rollBack,
      );
      await enlist(entry);
    },
    find: async (userId, provider, calUserId) =>
      records.get(await keyOf({ userId, provider, calUserId }), pendingSchema),
    async finish(userId, provider, finished) {
      const key = await keyOf({ userId, provider, calUserId: finished.calUserId });
      const taken = await records.take(key, pendingSchema);
      if (!taken || isSame(taken, finished)) return true;
      await records.put(key, taken, PENDING_LIFE_MS);
      return false;
    },
    async userIds() {
      const lists = await Promise.all(Array.from({ length: LISTS }, (_, index) => readList(index)));
      return [...new Set(lists.flat().map(({ userId }) => userId))];
    },
  };
}

/** One roll-back that removes what either of them removes. */
function both(one: PendingRollBack, other: PendingRollBack): PendingRollBack {
  return {
    calUserId: one.calUserId,
    sparedIds: one.sparedIds.filter((id) => other.sparedIds.includes(id)),
    seenUntil: Math.min(one.seenUntil, other.seenUntil),
  };
}
