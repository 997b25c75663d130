import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import { digest } from "./oauth-state.js";
import type { SharedRecords } from "./shared-records.js";

/** A roll-back that is not finished: of one user and one provider. */
export interface PendingRollBack {
  /** The connections that stay: they were there before, or this browser's own attempts have added them. */
  sparedIds: number[];
  /** When the callback was rejected, in milliseconds since 1970. */
  rejectedAt: number;
}

/** Roll-backs that Cal.com has refused for the moment, as all servers of the application know them. */
export interface PendingRollBacks {
  /** Keeps a roll-back for later. */
  add(userId: string, provider: OAuthProvider, rollBack: PendingRollBack): Promise<void>;
  find(userId: string, provider: OAuthProvider): Promise<PendingRollBack | null>;
  /** Removes a roll-back that is finished. Returns `false` if another one was added meanwhile. */
  finish(userId: string, provider: OAuthProvider, finished: PendingRollBack): Promise<boolean>;
}

const DAY_MS = 24 * 60 * 60_000;
/** How long a user who sends no request keeps a roll-back pending. */
export const PENDING_LIFE_MS = 30 * DAY_MS;

const pendingSchema = z.object({ sparedIds: z.array(z.number()), rejectedAt: z.number() });

/** Creates the list of pending roll-backs. */
export function createPendingRollBacks(records: SharedRecords): PendingRollBacks {
  const keyOf = async (userId: string, provider: OAuthProvider): Promise<string> =>
    `roll-back:${await digest(userId)}:${provider}`;
  const put = (key: string, rollBack: PendingRollBack): Promise<void> =>
    records.put(key, rollBack, PENDING_LIFE_MS);

  return {
    async add(userId, provider, rollBack) {
      const key = await keyOf(userId, provider);
      const other = await records.get(key, pendingSchema);
      await put(key, other ? both(other, rollBack) : rollBack);
    },
    find: async (userId, provider) => records.get(await keyOf(userId, provider), pendingSchema),
    async finish(userId, provider, finished) {
      const key = await keyOf(userId, provider);
      const taken = await records.take(key, pendingSchema);
      if (!taken || JSON.stringify(taken) === JSON.stringify(finished)) return true;
      await put(key, taken);
      return false;
    },
  };
}

/** One roll-back that removes what either of them removes. */
function both(one: PendingRollBack, other: PendingRollBack): PendingRollBack {
  return {
    sparedIds: one.sparedIds.filter((id) => other.sparedIds.includes(id)),
    rejectedAt: Math.min(one.rejectedAt, other.rejectedAt),
  };
}
