import { oauthProviders } from "../../calendars/providers.js";
import { findConnections } from "../oauth/attempt-result.js";
import { createStateCookie } from "../oauth/state-cookie.js";
import { requireSession, asUser } from "../session.js";
import { oneOf, queryText } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl, withParameters } from "../http/return-url.js";
import { encryptAttempt, type Attempt } from "../oauth/oauth-state.js";
import type { Route } from "../types.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/**
 * `GET /calendars/oauth-connect-url?type=google|office365`: where to send the browser. Starts an attempt, and disconnects
 * nothing: that a connection can't be read just now is no reason to end it.
 */
export const oauthConnectUrl: Route = {
  name: "oauthConnectUrl",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    const { appUrl, trustedOrigins, redirectUris, encryptedJson, now } = context.options;
    const session = await requireSession(request, context);
    const provider = oneOf("type", queryText(request, "type"), oauthProviders);
    const given = queryText(request, "returnUrl");
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
