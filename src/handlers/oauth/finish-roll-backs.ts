import { isCalError } from "../../errors.js";
import { whenAll } from "../../lib/when-all.js";
import type { HandlerContext } from "../types.js";
import { finishRollBacks } from "./roll-back.js";

const CONCURRENCY = 5;

/** What `handlers.finishRollBacks()` returns. */
export interface FinishedRollBacks {
  /** Connections that were disconnected. */
  disconnected: number;
  /** Users whose roll-back Cal.com, or the store, still refuses: their calendars may include one that is not theirs. */
  pending: string[];
}

/** Finishes the pending roll-backs of all users. */
export async function finishAllRollBacks(
  context: HandlerContext,
  signal?: AbortSignal,
): Promise<FinishedRollBacks> {
  const result: FinishedRollBacks = { disconnected: 0, pending: [] };
  const queue = (await context.pendingRollBacks?.userIds()) ?? [];
  const work = async (): Promise<void> => {
    for (let userId = queue.shift(); userId !== undefined; userId = queue.shift()) {
      try {
        signal?.throwIfAborted();
        const { length } = await finishRollBacks(context, userId);
        result.disconnected += length;
      } catch (error) {
        if (!isCalError(error) && !signal?.aborted) throw error;
        result.pending.push(userId);
      }
    }
  };
  await whenAll(Array.from({ length: CONCURRENCY }, work));
  return result;
}
