import type { OAuthProvider } from "../../index.js";
import { completeCallback, interrupted, type CallbackInput } from "../oauth/complete-callback.js";
import { STATE_PARAMETER } from "./connect-url.js";
import { queryText } from "../http/request.js";
import { HttpError } from "../http/http-error.js";
import { seeOther } from "../http/responses.js";
import { readState } from "../oauth/returned-state.js";
import { allowedReturnUrl, withParameters } from "../http/return-url.js";
import type { CallbackOutcome, HandlerContext, Route } from "../types.js";
import { reportError } from "../report-error.js";

/** `GET /gcal-oauth-redirect`: where Google's users come back to. */
export const googleOauthRedirect = redirectStep("googleOauthRedirect", "google");

/** `GET /office-oauth-redirect`: where Office 365's users come back to. */
export const officeOauthRedirect = redirectStep("officeOauthRedirect", "office365");

/**
 * The way back: Cal.com's callback, which has stored a credential and sends the browser on with our state, or
 * the provider itself, with `code` and Cal.com's `state`. Ends in a redirect, whatever happens.
 */
function redirectStep(name: Route["name"], provider: OAuthProvider): Route {
  return {
    name,
    methods: ["GET"],
    refusesCrossSite: false,
    async run(request, context) {
      const came = { ...(await readReturn(request, context)), provider };
      let outcome: CallbackOutcome;
      try {
        outcome = await completeCallback(request, context, { name }, came);
      } catch (error) {
        // Cal.com, the store or the application's own code failed: a person waits for a page all the same.
        await reportError(context, { handler: name, error, userId: came.attempt?.userId, request });
        outcome = { result: { connected: false, ...interrupted(error) }, cookies: [] };
      }
      const { result, cookies } = outcome;
      const page =
        allowedReturnUrl(came.attempt?.returnUrl, context.options.trustedOrigins) ??
        (result.connected ? context.options.successUrl : context.options.errorUrl);
      const location = withParameters(page, {
        calendarType: provider,
        connected: String(result.connected),
        ...(!result.connected && { reason: result.reason }),
      });
      return seeOther(location, { cookies });
    },
  };
}

async function readReturn(request: Request, context: HandlerContext): Promise<CallbackInput> {
  try {
    const own = queryText(request, STATE_PARAMETER);
    const state = queryText(request, "state");
    const code = queryText(request, "code");
    const denied = queryText(request, "error") !== undefined && code === undefined;
    // Cal.com's callback leaves ours alone in the address; the provider sends Cal.com's, with ours in it.
    return {
      attempt: await readState(own ?? state, context),
      code,
      state,
      denied: denied && own === undefined,
    };
  } catch (error) {
    // Parameters that are there twice.
    if (error instanceof HttpError) return { attempt: null };
    throw error;
  }
}
