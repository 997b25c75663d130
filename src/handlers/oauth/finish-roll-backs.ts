import type { HandlerContext } from "../types.js";
import type { PendingEntry, PendingRollBacks } from "./pending-roll-back.js";
import type { finishRollBacks } from "./roll-back.js";

// Loaded when it is needed. It imports nothing: a bundler would put what it shares with the handlers into one more file.

/** What `handlers.finishRollBacks()` returns. */
export interface FinishedRollBacks {
  /** Connections that were disconnected. */
  disconnected: number;
  /** Users whose roll-back Cal.com, or the store, still refuses: their calendars may include one that is not theirs. */
  pending: string[];
}

/** What the functions here need of the handlers. */
export interface Tools {
  finishRollBacks: typeof finishRollBacks;
  isCalError: (error: unknown) => boolean;
}

/** Finishes the pending roll-backs of all users; after the signal, the rest stays pending. */
export async function finishAllRollBacks(
  context: HandlerContext,
  tools: Tools,
  signal?: AbortSignal,
): Promise<FinishedRollBacks> {
  const { pendingRollBacks } = context;
  const result: FinishedRollBacks = { disconnected: 0, pending: [] };
  for (const userId of pendingRollBacks ? await usersOf(pendingRollBacks) : []) {
    const disconnected = signal?.aborted ? null : await finishOf(context, userId, tools);
    if (disconnected) result.disconnected += disconnected.length;
    else result.pending.push(userId);
  }
  return result;
}

/** Returns `null` if Cal.com, or the store, still refuses. */
async function finishOf(context: HandlerContext, userId: string, tools: Tools): Promise<number[] | null> {
  try {
    return await tools.finishRollBacks(context, userId);
  } catch (error) {
    if (tools.isCalError(error)) return null;
    throw error;
  }
}

/** Users with a pending roll-back. Removes from the lists what is over. */
async function usersOf(pending: PendingRollBacks): Promise<Set<string>> {
  const userIds = new Set<string>();
  for (let index = 0; index < pending.lists; index += 1) {
    const over: PendingEntry[] = [];
    for (const entry of await pending.listed(index)) {
      if (await pending.find(entry.provider, entry.calUserId)) {
        // Both: the row that names the Cal.com user may have been changed by hand.
        for (const userId of [entry.userId, await pending.findOwner(entry.calUserId)]) {
          if (userId !== null) userIds.add(userId);
        }
      } else over.push(entry);
    }
    if (over.length > 0) await pending.unlist(index, over);
  }
  return userIds;
}
