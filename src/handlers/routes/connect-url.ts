import { oauthProviders } from "../../calendars/providers.js";
import { flag, idParameter, oneOf, readParameters } from "../http/request.js";
import { success } from "../http/responses.js";
import { isLinkable, isLinkLost, needsLink } from "../linked-account.js";
import { readOrigin } from "../oauth/return-to-page.js";
import { startAttempt, type AttemptStart, type StartedFlow } from "../oauth/start-attempt.js";
import { startLink } from "../oauth/start-link.js";
import { asUser, isUserLost, requireSession } from "../session.js";
import type { CalSession } from "../options.js";
import type { HandlerContext, Route } from "../types.js";

/**
 * `GET` (query) and `POST` (JSON) `/calendars/oauth-connect-url`, `{type, returnUrl?, popup?, select?, reconnect?}`: where
 * to send the browser. Starts an attempt, and disconnects nothing: a connection that can't be read at the moment may work
 * again later.
 *
 * For a user who has to link a Cal.com account first it is Cal.com's authorize page, which leads on to the provider's.
 */
export const oauthConnectUrl: Route = {
  name: "oauthConnectUrl",
  methods: ["GET", "POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const session = await requireSession(request, context);
    const read = await readParameters(request, context.options.maxBodyBytes);
    const provider = oneOf("type", read("type"), oauthProviders);
    const start = {
      provider,
      ...readOrigin(read, context),
      selectAccount: flag(read, "select"),
      reconnectId: idParameter(read, "reconnect"),
    };
    const { authUrl, cookies } =
      (await connect(request, context, session, start)) ??
      (await startLink(request, context, session.userId, start));
    return success({ authUrl }, { cookies });
  },
};

/** Starts the attempt; `null` if the user has to link a Cal.com account before. */
async function connect(
  request: Request,
  context: HandlerContext,
  session: CalSession,
  start: AttemptStart,
): Promise<StartedFlow | null> {
  const mayLink = isLinkable(context);
  const account = mayLink ? await context.options.client.forUser(session.userId).calAccount() : null;
  if (needsLink(context, account)) return null;
  try {
    return await asUser(context, session, (user) => startAttempt(request, context, user, start));
  } catch (error) {
    if (mayLink && (isLinkLost(error) || isUserLost(error))) return null;
    throw error;
  }
}
