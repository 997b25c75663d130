import { within } from "../lib/deadline.js";
import type { ConnectionsContext } from "./context.js";
import { describeChange } from "./describe.js";
import type { PendingChange } from "./user-state.js";

/** How long the hook may take for one change, in milliseconds. */
const MAX_HOOK_MS = 60_000;

/** What was reported to the hook. */
export interface Delivery {
  /** Ids of the changes for which it resolved. */
  told: Set<string>;
  hasFailed: boolean;
}

/**
 * Calls the hook for each change, in their order, until one call fails or the signal is aborted. That change and those
 * after it wait for the next check.
 */
export async function deliver(
  { users, onConnectionChange, logger }: ConnectionsContext,
  userId: string,
  { pending, signal }: { pending: readonly PendingChange[]; signal: AbortSignal | undefined },
): Promise<Delivery> {
  const told = new Set<string>();
  if (!onConnectionChange) return { told, hasFailed: false };
  for (const change of pending) {
    if (signal?.aborted) break;
    const described = describeChange(userId, change);
    try {
      const time = { ms: MAX_HOOK_MS, message: `The hook took longer than ${String(MAX_HOOK_MS)} ms.` };
      await within(Promise.resolve(onConnectionChange(described)), { time });
    } catch {
      // Whatever the application's function throws may hold secrets of its own.
      logger?.error?.("calbridge: the hook onConnectionChange threw; it is called again at the next check", {
        hook: "onConnectionChange",
        userId,
      });
      return { told, hasFailed: true };
    }
    told.add(change.id);
    const { connection, to: status } = described;
    const provider = connection?.calendarType ?? "cal_account";
    users.options.telemetry?.count({ name: "connection_change", provider, status });
  }
  return { told, hasFailed: false };
}
