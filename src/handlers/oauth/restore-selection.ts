import { isCalError } from "../../errors.js";
import { within } from "../../lib/deadline.js";
import type { HandlerContext } from "../types.js";

// The browser waits for it. What takes longer goes on meanwhile, or is done by the next run of checks.
const MAX_WAIT_MS = 5_000;

/**
 * Checks the user's connections after one was connected, for a client with a connection store: an account that was
 * connected again gets back the selected calendars and the destination that Cal.com has forgotten, so that the next page
 * shows them.
 */
export async function restoreSelection(
  { options: { client, logger } }: HandlerContext,
  userId: string,
): Promise<void> {
  if (!client.hasConnectionStore || !client.checkConnection) return;
  try {
    const message = "The check of the connections takes long.";
    await within(client.checkConnection(userId), { time: { ms: MAX_WAIT_MS, message } });
  } catch (error) {
    // The calendar is connected all the same.
    if (!isCalError(error)) throw error;
    logger?.warn?.("calbridge: a connected calendar could not be checked yet", { userId, error: error.code });
  }
}
