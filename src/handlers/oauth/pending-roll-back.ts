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
  /** How many lists there are of those that are pending, for work that no request of the user starts. */
  lists: number;
  /** The entries of a list: those that are pending (of very many, some may be missing), and others. */
  listed(index: number): Promise<PendingEntry[]>;
  /** Removes entries from a list. */
  unlist(index: number, over: readonly PendingEntry[]): Promise<void>;
}

const DAY_MS = 24 * 60 * 60_000;
/** How long a roll-back stays pending for a user who sends no request. A store may count 24 days of milliseconds only. */
export const PENDING_LIFE_MS = 20 * DAY_MS;

const pendingSchema = z.object({
  calUserId: z.number(),
  sparedIds: z.array(z.number()),
  seenUntil: z.number(),
});
/** Whose roll-back is pending. */
export type PendingEntry = z.infer<typeof entrySchema>;
const entrySchema = z.object({ userId: z.string(), provider: providerSchema, calUserId: z.number() });
const listSchema = z.object({ entries: z.array(entrySchema) });

// A store can't list these records, so the users are in lists: several, since a record has a limit, and since several
// servers may write at once.
const LISTS = 32;
const MAX_ENTRIES = 16;

/** Creates the list of pending roll-backs. */
export function createPendingRollBacks(records: SharedRecords): PendingRollBacks {
  const keyOf = async ({ userId, provider, calUserId }: PendingEntry): Promise<string> =>
    `roll-back:${await digest(userId)}:${provider}:${String(calUserId)}`;
  const pending = { schema: pendingSchema, ttlMs: PENDING_LIFE_MS };
  const list = { schema: listSchema, ttlMs: PENDING_LIFE_MS };

  const enlist = async (entry: PendingEntry): Promise<void> => {
    const index = (await digest(entry.userId)).charCodeAt(0) % LISTS;
    await records.update(listKey(index), list, (current) => ({
      entries: withEntry(current?.entries ?? [], entry, MAX_ENTRIES),
    }));
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
    lists: LISTS,
    listed: async (index) => (await records.get(listKey(index), listSchema))?.entries ?? [],
    unlist: (index, over) =>
      records.update(listKey(index), list, (current) => ({
        entries: current?.entries.filter((one) => !over.some((other) => isSame(one, other))) ?? [],
      })),
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

function listKey(index: number): string {
  return `roll-backs:${index}`;
}
