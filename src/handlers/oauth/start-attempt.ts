import type { CalUser, OAuthProvider } from "../../index.js";
import { withConsentPageOptions, type ConsentPageOptions } from "../../calendars/consent-url.js";
import { CalTokenError } from "../../errors.js";
import { whenAll } from "../../lib/when-all.js";
import { withParameters } from "../http/return-url.js";
import { lastAddressOf } from "../last-check.js";
import type { HandlerContext } from "../types.js";
import { findConnections } from "./attempt-result.js";
import { encryptAttempt, type Attempt, type Found, type Target } from "./oauth-state.js";
import type { FlowOrigin } from "./return-to-page.js";
import { createStateCookie } from "./state-cookie.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/** What an attempt to connect a calendar begins with. */
export interface AttemptStart extends FlowOrigin {
  provider: OAuthProvider;
  /** Whether the provider's page asks which account to use. */
  selectAccount?: boolean | undefined;
  /** The credential to connect again: the provider's page suggests its account. */
  reconnectId?: number | undefined;
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
  { provider, returnUrl, popup, selectAccount, reconnectId, isLinked }: AttemptStart,
): Promise<StartedFlow> {
  const { redirectUris, encryptedJson, now } = context.options;
  const { calendars } = user;
  const account = await user.calAccount();
  if (!account) throw new CalTokenError("The user was deleted meanwhile.", "user_not_found");
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
    popup,
  };
  const target = reconnectId === undefined ? undefined : await targetOf(context, user.id, reconnectId);
  const find = (): Promise<Found> => findConnections(calendars, provider, target);
  // Without shared records the state carries what was found, so it must be known before.
  const foundBefore = context.records ? undefined : await find();
  const state = await encryptAttempt(encryptedJson, { ...attempt, found: foundBefore });
  const redirectUri = withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
  const [{ authUrl }, found] = await whenAll([
    calendars.connectUrl(provider, { returnUrl: redirectUri }),
    foundBefore ?? find(),
  ] as const);
  // The token in the URL is this one, or one that was replaced by it a moment ago.
  const { expiresAt } = await user.accessToken();
  const endsAt = await context.attempts.start(attempt, found, expiresAt);
  await context.known.watch(attempt, endsAt);
  const consent = consentOptions(found, selectAccount);
  return { authUrl: withConsentPageOptions(authUrl, provider, consent), cookies };
}

async function targetOf(context: HandlerContext, userId: string, credentialId: number): Promise<Target> {
  const email = await context.known.addressOf(userId, credentialId);
  return { credentialId, email: email ?? (await lastAddressOf(context, userId, credentialId)) };
}

/** To connect an account again whose address is not known, the user is asked for it. */
function consentOptions({ target }: Found, selectAccount: boolean | undefined): ConsentPageOptions {
  if (!target) return { selectAccount };
  return target.email === null ? { selectAccount: true } : { selectAccount, loginHint: target.email };
}
