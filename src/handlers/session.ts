import type { CalUser } from "../index.js";
import { CalValidationError, isCalError } from "../errors.js";
import type { CalSession } from "./options.js";
import { HttpError } from "./http/http-error.js";
import { finishRollBacks } from "./oauth/roll-back.js";
import type { HandlerContext } from "./types.js";

/** Who is signed in, or nobody. */
export async function findSession(request: Request, { options }: HandlerContext): Promise<CalSession | null> {
  const session: unknown = await options.authenticate(request);
  if (session === null || session === undefined) return null;
  const userId: unknown = typeof session === "object" ? Reflect.get(session, "userId") : undefined;
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError(
      "authenticate() must answer null, or an object with the user's id as userId, a string. A number: String(id).",
    );
  }
  return session as CalSession;
}

/** Who is signed in. Refuses the request if nobody is. */
export async function requireSession(request: Request, context: HandlerContext): Promise<CalSession> {
  const session = await findSession(request, context);
  if (!session) throw new HttpError(401, "unauthenticated", "Sign in first.");
  // Until then the user's calendars may include one that is not theirs.
  await finishRollBacks(context, session.userId);
  return session;
}

/** The session's user, with a managed user at Cal.com. */
export async function ensureUser(
  { userId, ...input }: CalSession,
  { options }: HandlerContext,
): Promise<CalUser> {
  try {
    return await options.client.ensureUser(userId, input);
  } catch (error) {
    if (!isCalError(error) || error.code !== "invalid_input") throw error;
    throw new CalValidationError(`authenticate() must answer { userId, email, name }: ${error.message}`);
  }
}

// What of a request must not be repeated: all that its query and its cookies hold.

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
  return isCalError(error) && error.code === "cal_user_gone";
}
