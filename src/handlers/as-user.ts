import type { CalUser } from "../index.js";
import { isCalError } from "../errors.js";
import { ensureUser, type HandlerContext } from "./session.js";
import type { CalSession } from "./options.js";

/**
 * Does what connects a calendar, as the session's user. If Cal.com has lost its managed user, with all that was
 * connected, there is a new one: who connects a calendar anew loses nothing by it.
 */
export async function asUser<T>(
  context: HandlerContext,
  session: CalSession,
  work: (user: CalUser) => Promise<T>,
): Promise<T> {
  const user = await ensureUser(session, context);
  try {
    return await work(user);
  } catch (error) {
    if (!isUserLost(error)) throw error;
    await user.delete();
    return work(await ensureUser(session, context));
  }
}

/** Whether an error says that Cal.com has no such managed user any more. */
export function isUserLost(error: unknown): boolean {
  return isCalError(error) && error.code === "reauthorization_failed";
}
