import { oauthProviders } from "../../calendars/providers.js";
import { findConnections } from "../oauth/attempt-result.js";
import { createStateCookie } from "../oauth/state-cookie.js";
import { requireSession, asUser } from "../session.js";
import { oneOf, readParameters } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl, withParameters } from "../http/return-url.js";
import { encryptAttempt, type Attempt } from "../oauth/oauth-state.js";
import type { Route } from "../types.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/**
 * `GET` (query) and `POST` (JSON) `/calendars/oauth-connect-url`, `{type, returnUrl?}`: where to send the browser. Starts an
 * attempt, and disconnects nothing: a connection that can't be read at the moment may work again later.
 */
export const oauthConnectUrl: Route = {
  name: "oauthConnectUrl",
  methods: ["GET", "POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { appUrl, trustedOrigins, redirectUris, encryptedJson, now } = context.options;
    const session = await requireSession(request, context);
    const read = await readParameters(request, context.options.maxBodyBytes);
    const provider = oneOf("type", read("type"), oauthProviders);
    const given = read("returnUrl");
    const returnUrl = given === undefined ? undefined : toReturnUrl(given, appUrl, trustedOrigins);

    const { user, found } = await asUser(context, session, async (user) => ({
      user,
      found: await findConnections(user.calendars, provider),
    }));
    const { attemptId, nonceHash, cookies } = await createStateCookie(request, context);
    const { userId } = session;
    const attempt: Attempt = { id: attemptId, userId, provider, nonceHash, startedAt: now(), returnUrl };
    const state = await encryptAttempt(encryptedJson, context.records ? attempt : { ...attempt, found });
    const redirectUri = withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
    const { authUrl } = await user.calendars.connectUrl(provider, { returnUrl: redirectUri });
    // The token in the URL is this one, or one that was replaced by it a moment ago.
    const { expiresAt } = await user.accessToken();
    const endsAt = await context.attempts.start(attempt, found, expiresAt);
    await context.known.watch(userId, endsAt);
    return success({ authUrl }, { cookies });
  },
};
