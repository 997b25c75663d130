import * as z from "zod/mini";
import type { OAuthProvider } from "../../index.js";
import { CalStoreError } from "../../errors.js";
import { growingPauses, pause } from "../../lib/backoff.js";
import { digest } from "./oauth-state.js";
import type { SharedRecords } from "./shared-records.js";

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
}

const MAX_LOOKS = 12;
const DAY_MS = 24 * 60 * 60_000;
/** How long a roll-back stays pending for a user who sends no request. A store may count 24 days of milliseconds only. */
export const PENDING_LIFE_MS = 20 * DAY_MS;

const pendingSchema = z.object({
  calUserId: z.number(),
  sparedIds: z.array(z.number()),
  seenUntil: z.number(),
});

/** Creates the list of pending roll-backs. */
export function createPendingRollBacks(records: SharedRecords): PendingRollBacks {
  const keyOf = async (userId: string, provider: OAuthProvider, calUserId: number): Promise<string> =>
    `roll-back:${await digest(userId)}:${provider}:${String(calUserId)}`;
  const put = (key: string, rollBack: PendingRollBack): Promise<void> =>
    records.put(key, rollBack, PENDING_LIFE_MS);

  return {
    async add(userId, provider, rollBack) {
      const key = await keyOf(userId, provider, rollBack.calUserId);
      // Several servers may add one at the same moment, and the store has no compare-and-swap for these records: so
      // each of them looks again whether its own is still covered.
      const pauses = growingPauses();
      for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
        const other = await records.get(key, pendingSchema);
        const added = other ? both(other, rollBack) : rollBack;
        if (isSame(added, other)) return;
        await put(key, added);
        await pause(pauses.next().value);
      }
      throw new CalStoreError("The token store did not keep what putAttempt() was given.");
    },
    find: async (userId, provider, calUserId) =>
      records.get(await keyOf(userId, provider, calUserId), pendingSchema),
    async finish(userId, provider, finished) {
      const key = await keyOf(userId, provider, finished.calUserId);
      const taken = await records.take(key, pendingSchema);
      if (!taken || isSame(taken, finished)) return true;
      await put(key, taken);
      return false;
    },
  };
}

function isSame(one: PendingRollBack, other: PendingRollBack | null): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** One roll-back that removes what either of them removes. */
function both(one: PendingRollBack, other: PendingRollBack): PendingRollBack {
  return {
    calUserId: one.calUserId,
    sparedIds: one.sparedIds.filter((id) => other.sparedIds.includes(id)),
    seenUntil: Math.min(one.seenUntil, other.seenUntil),
  };
}
