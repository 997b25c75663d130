import { oauthProviders } from "../../calendars/providers.js";
import { whenAll } from "../../lib/when-all.js";
import { findConnections } from "../oauth/attempt-result.js";
import { createStateCookie } from "../oauth/state-cookie.js";
import { requireSession, asUser } from "../session.js";
import { oneOf, readParameters } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl, withParameters } from "../http/return-url.js";
import { encryptAttempt, type Attempt, type Found } from "../oauth/oauth-state.js";
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

    const { attemptId, nonceHash, cookies } = await createStateCookie(request, context);
    const { userId } = session;
    const attempt: Attempt = { id: attemptId, userId, provider, nonceHash, startedAt: now(), returnUrl };
    const redirectUri = async (found?: Found): Promise<string> => {
      const state = await encryptAttempt(encryptedJson, { ...attempt, found });
      return withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
    };
    const { authUrl, found, expiresAt } = await asUser(context, session, async (user) => {
      const { calendars } = user;
      // Without shared records the state carries what was found, so it must be known before.
      const foundBefore = context.records ? undefined : await findConnections(calendars, provider);
      const returnUrl = await redirectUri(foundBefore);
      const [{ authUrl }, found] = await whenAll([
        calendars.connectUrl(provider, { returnUrl }),
        foundBefore ?? findConnections(calendars, provider),
      ] as const);
      // The token in the URL is this one, or one that was replaced by it a moment ago.
      const { expiresAt } = await user.accessToken();
      return { authUrl, found, expiresAt };
    });
    const endsAt = await context.attempts.start(attempt, found, expiresAt);
    await context.known.watch(userId, endsAt);
    return success({ authUrl }, { cookies });
  },
};
