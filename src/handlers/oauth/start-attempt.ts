import type { CalUser, OAuthProvider } from "../../index.js";
import { withParameters } from "../http/return-url.js";
import type { HandlerContext } from "../types.js";
import { findConnections } from "./attempt-result.js";
import { encryptAttempt, type Attempt, type Found } from "./oauth-state.js";
import { createStateCookie } from "./state-cookie.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/** What an attempt to connect a calendar begins with. */
export interface AttemptStart {
  provider: OAuthProvider;
  returnUrl: string | undefined;
  /** Whether a Cal.com account was linked just before, in one flow. */
  isLinked?: boolean | undefined;
}

/** Where to send the browser, and the cookies that go with it. */
export interface StartedFlow {
  authUrl: string;
  /** Values of `Set-Cookie`. */
  cookies: string[];
}

/** The user, and what is connected when an attempt starts. Changes nothing. */
export interface FoundOfUser {
  user: CalUser;
  calUserId: number;
  found: Found;
}

/** Finds out what an attempt has to know of the user before it starts. */
export async function findOfUser(user: CalUser, provider: OAuthProvider): Promise<FoundOfUser> {
  const account = await user.calAccount();
  const found = await findConnections(user.calendars, provider);
  if (!account) throw new TypeError("The user has calendars, and no account at Cal.com.");
  return { user, calUserId: account.calUserId, found };
}

/** Starts an attempt to connect a calendar. */
export async function startAttempt(
  request: Request,
  context: HandlerContext,
  { user, calUserId, found }: FoundOfUser,
  { provider, returnUrl, isLinked }: AttemptStart,
): Promise<StartedFlow> {
  const { redirectUris, encryptedJson, now } = context.options;
  const { attemptId: id, nonceHash, cookies } = await createStateCookie(request, context);
  const attempt: Attempt = {
    id,
    userId: user.id,
    provider,
    calUserId,
    isLinked,
    nonceHash,
    startedAt: now(),
    returnUrl,
  };
  const state = await encryptAttempt(encryptedJson, context.records ? attempt : { ...attempt, found });
  const redirectUri = withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
  const { authUrl } = await user.calendars.connectUrl(provider, { returnUrl: redirectUri });
  // The token in the URL is this one, or one that was replaced by it a moment ago.
  const { expiresAt } = await user.accessToken();
  const endsAt = await context.attempts.start(attempt, found, expiresAt);
  await context.known.watch(user.id, endsAt);
  return { authUrl, cookies };
}
