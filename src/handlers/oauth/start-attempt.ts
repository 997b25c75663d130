import type { CalUser, OAuthProvider } from "../../index.js";
import { whenAll } from "../../lib/when-all.js";
import { withParameters } from "../http/return-url.js";
import type { HandlerContext } from "../types.js";
import { findConnections } from "./attempt-result.js";
import { encryptAttempt, type Attempt } from "./oauth-state.js";
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

/** Starts an attempt to connect a calendar. Changes nothing at Cal.com. */
export async function startAttempt(
  request: Request,
  context: HandlerContext,
  user: CalUser,
  { provider, returnUrl, isLinked }: AttemptStart,
): Promise<StartedFlow> {
  const { redirectUris, encryptedJson, now } = context.options;
  const { calendars } = user;
  const account = await user.calAccount();
  if (!account) throw new TypeError("The user has no account at Cal.com.");
  const { attemptId: id, nonceHash, cookies } = await createStateCookie(request, context);
  const attempt: Attempt = {
    id,
    userId: user.id,
    provider,
    calUserId: account.calUserId,
    isLinked,
    nonceHash,
    startedAt: now(),
    returnUrl,
  };
  // Without shared records the state carries what was found, so it must be known before.
  const foundBefore = context.records ? undefined : await findConnections(calendars, provider);
  const state = await encryptAttempt(encryptedJson, { ...attempt, found: foundBefore });
  const redirectUri = withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
  const [{ authUrl }, found] = await whenAll([
    calendars.connectUrl(provider, { returnUrl: redirectUri }),
    foundBefore ?? findConnections(calendars, provider),
  ] as const);
  // The token in the URL is this one, or one that was replaced by it a moment ago.
  const { expiresAt } = await user.accessToken();
  const endsAt = await context.attempts.start(attempt, found, expiresAt);
  await context.known.watch(user.id, endsAt);
  return { authUrl, cookies };
}
