import { oauthProviders } from "../../calendars/providers.js";
import { toConnection } from "../account.js";
import { createStateCookie } from "../oauth/state-cookie.js";
import { requireSession, asUser } from "../session.js";
import { oneOf, readParameters } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl, withParameters } from "../http/return-url.js";
import { encryptAttempt } from "../oauth/oauth-state.js";
import type { Route } from "../types.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/** `GET` (query) and `POST` (JSON) `/calendars/oauth-connect-url`, `{type, returnUrl?}`: where to send the browser. Starts an attempt. */
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

    const { calendars, before } = await asUser(context, session, async ({ calendars }) => ({
      calendars,
      before: (await calendars.list()).connectedCalendars.map(toConnection),
    }));
    const { attemptId, nonceHash, cookies } = await createStateCookie(request, context);
    const state = await encryptAttempt(encryptedJson, {
      id: attemptId,
      userId: session.userId,
      provider,
      nonceHash,
      startedAt: now(),
      credentialIds: before
        .filter(({ calendarType }) => calendarType === provider)
        .map(({ credentialId }) => credentialId),
      returnUrl,
    });
    const redirectUri = withParameters(redirectUris[provider], { [STATE_PARAMETER]: state });
    const { authUrl } = await calendars.connectUrl(provider, { returnUrl: redirectUri });
    return success({ authUrl }, { cookies });
  },
};
