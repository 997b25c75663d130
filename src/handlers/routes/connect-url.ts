import { oauthProviders } from "../../calendars/providers.js";
import { toAccount } from "../account.js";
import { giveHalf } from "../oauth/state-cookie.js";
import { requireSession, asUser } from "../session.js";
import { oneOf, queryText } from "../http/request.js";
import { success } from "../http/responses.js";
import { toReturnUrl, withParameters } from "../http/return-url.js";
import { sealAttempt } from "../oauth/oauth-state.js";
import type { Step } from "../types.js";

/** The parameter of our own redirect URL in which the state travels: Cal.com's `state` can't be changed. */
export const STATE_PARAMETER = "cal_state";

/** `GET /calendars/oauth-connect-url?type=google|office365`: where to send the browser. Starts an attempt. */
export const oauthConnectUrl: Step = {
  name: "oauthConnectUrl",
  methods: ["GET"],
  refusesCrossSite: true,
  async run(request, context) {
    const { baseUrl, trustedOrigins, redirectUrls, sealer, now } = context.options;
    const session = await requireSession(request, context);
    const provider = oneOf("type", queryText(request, "type"), oauthProviders);
    const given = queryText(request, "returnTo");
    const returnTo = given === undefined ? undefined : toReturnUrl(given, baseUrl, trustedOrigins);

    const { calendars, before } = await asUser(context, session, async ({ calendars }) => ({
      calendars,
      before: (await calendars.list()).connectedCalendars.map(toAccount),
    }));
    const { attemptId, browser, cookies } = await giveHalf(request, context);
    const state = await sealAttempt(sealer, {
      id: attemptId,
      userId: session.userId,
      provider,
      browser,
      startedAt: now(),
      credentialIds: before
        .filter(({ calendarType }) => calendarType === provider)
        .map(({ credentialId }) => credentialId),
      returnTo,
    });
    const redirectTo = withParameters(redirectUrls[provider], { [STATE_PARAMETER]: state });
    const { authUrl } = await calendars.connectUrl(provider, { redirectTo });
    return success({ authUrl }, { cookies });
  },
};
