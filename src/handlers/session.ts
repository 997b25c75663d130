import type { CalUser, ManagedUserInput } from "../index.js";
import { CalValidationError, isCalError } from "../errors.js";
import type { CalSession } from "./options.js";
import { HttpError } from "./http/http-error.js";
import { isLinkable, linksNewUsers, notLinked } from "./linked-account.js";
import { finishRollBacks } from "./oauth/roll-back.js";
import type { HandlerContext } from "./types.js";

/** The signed-in user, or `null`. */
export async function findSession(request: Request, { options }: HandlerContext): Promise<CalSession | null> {
  const session: unknown = await options.authenticate(request);
  if (session === null || session === undefined) return null;
  const userId: unknown = typeof session === "object" ? Reflect.get(session, "userId") : undefined;
  if (typeof userId !== "string" || userId === "") {
    throw new TypeError(
      "authenticate() must return null, or an object with the user's id as userId, a string. If it is a number: String(id).",
    );
  }
  return session as CalSession;
}

/** The signed-in user. Rejects the request if there is none. */
export async function requireSession(request: Request, context: HandlerContext): Promise<CalSession> {
  const session = await findSession(request, context);
  if (!session) throw new HttpError(401, "unauthenticated", "Sign in first.");
  // Until then the user's calendars may include one that is not theirs.
  await finishRollBacks(context, session.userId);
  return session;
}

/**
 * The session's user, with a managed user at Cal.com or their own account, which is linked. What is only needed to create a
 * managed user, such as the name, is validated only then.
 *
 * @throws HttpError `not_linked` if the user has to link their own Cal.com account first.
 */
export async function ensureUser(session: CalSession, context: HandlerContext): Promise<CalUser> {
  const { client } = context.options;
  if (isLinkable(context)) {
    const user = client.forUser(session.userId);
    const account = await user.calAccount();
    if (account?.grant === "oauth") return user;
    if (!account && linksNewUsers(context)) throw notLinked();
  }
  try {
    return await client.ensureUser(session.userId, managedUserInput(session));
  } catch (error) {
    if (!isCalErrorWith(error, "invalid_input")) throw error;
    const user = client.forUser(session.userId);
    if (await hasManagedUser(user)) return user;
    throw new CalValidationError(`authenticate() must return { userId, email, name }: ${error.message}`);
  }
}

/** The session without fields that are `null`, as a database returns for a missing value. */
function managedUserInput(session: CalSession): ManagedUserInput {
  const given = Object.entries(session).filter(([, value]) => value !== null);
  // `ensureUser()` validates them, and sends only those that are documented.
  return Object.fromEntries(given) as unknown as ManagedUserInput;
}

async function hasManagedUser(user: CalUser): Promise<boolean> {
  try {
    await user.accessToken();
    return true;
  } catch (error) {
    if (isCalErrorWith(error, "user_not_found")) return false;
    throw error;
  }
}

function isCalErrorWith(error: unknown, code: "invalid_input" | "user_not_found"): error is Error {
  return isCalError(error) && error.code === code;
}

/**
 * Does work that connects a calendar, for the session's user. If Cal.com has lost the managed user and all of its
 * connections, it creates a new one: connecting a calendar anew loses nothing.
 */
export async function asUser<T>(
  context: HandlerContext,
  session: CalSession,
  work: (user: CalUser) => Promise<T>,
): Promise<T> {
  const user = await ensureUser(session, context);
  const account = await user.calAccount();
  try {
    return await work(user);
  } catch (error) {
    // Not found: another request has just deleted the managed user that Cal.com has lost.
    const isGone = isUserLost(error) || isCalErrorWith(error, "user_not_found");
    // An own account is the user's to link again, or to replace.
    if (!isGone || account?.grant === "oauth") throw error;
    // Another request may have created a new one meanwhile: that one stays.
    await user.delete({ calUserId: account?.calUserId });
    return work(await ensureUser(session, context));
  }
}

/** Whether Cal.com no longer has the managed user. */
export function isUserLost(error: unknown): boolean {
  return isCalError(error) && error.code === "cal_user_gone";
}
