import { isCalError } from "../../errors.js";
import type { HandlerContext } from "../types.js";
import { finishRollBacks } from "./roll-back.js";

/** What `handlers.finishRollBacks()` returns. */
export interface FinishedRollBacks {
  /** Connections that were disconnected. */
  disconnected: number;
  /** Users whose roll-back Cal.com, or the store, still refuses: their calendars may include one that is not theirs. */
  pending: string[];
}

/** Finishes the pending roll-backs of all users; after the signal, the rest stays pending. */
export async function finishAllRollBacks(
  context: HandlerContext,
  signal?: AbortSignal,
): Promise<FinishedRollBacks> {
  const result: FinishedRollBacks = { disconnected: 0, pending: [] };
  for (const userId of (await context.pendingRollBacks?.userIds()) ?? []) {
    try {
      signal?.throwIfAborted();
      result.disconnected += (await finishRollBacks(context, userId)).length;
    } catch (error) {
      if (!isCalError(error) && !signal?.aborted) throw error;
      result.pending.push(userId);
    }
  }
  return result;
}
