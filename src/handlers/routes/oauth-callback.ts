import type { OAuthProvider } from "../../index.js";
import { interrupted, isRejection } from "../oauth/callback-messages.js";
import { completeCallback, type CallbackInput } from "../oauth/complete-callback.js";
import { queryText } from "../http/request.js";
import { HttpError } from "../http/http-error.js";
import { STATE_PARAMETER } from "../oauth/start-attempt.js";
import { readState } from "../oauth/returned-state.js";
import { returnToPage } from "../oauth/return-to-page.js";
import type { AttemptResult, HandlerContext, Route } from "../types.js";
import { reportError } from "../report-error.js";

/** `GET /gcal-oauth-redirect`: the callback for Google's users. */
export const googleOauthRedirect = callbackRoute("googleOauthRedirect", "google");

/** `GET /office-oauth-redirect`: the callback for Office 365's users. */
export const officeOauthRedirect = callbackRoute("officeOauthRedirect", "office365");

/**
 * A callback. Either Cal.com's own callback has stored a credential and sends the browser here with our state, or the
 * provider itself does, with `code` and Cal.com's `state`. Ends in a redirect, or in the page that ends a
 * popup, whatever happens.
 */
function callbackRoute(name: Route["name"], provider: OAuthProvider): Route {
  return {
    name,
    methods: ["GET"],
    refusesCrossSite: false,
    async run(request, context) {
      const input = { ...(await readCallback(request, context)), provider };
      let result: AttemptResult;
      try {
        result = await completeCallback(request, context, { name }, input);
      } catch (error) {
        // Cal.com, the store or the application's own code failed: the user needs a page all the same.
        await reportError(context, { handler: name, error, userId: input.attempt?.userId, request });
        result = interrupted(error);
      }
      const isLinked = input.attempt?.isLinked === true && (result.connected || !isRejection(result.reason));
      const account = isLinked && { calAccount: "linked" };
      return returnToPage(context, input.attempt, {
        isSuccess: result.connected,
        parameters: { ...account, calendarType: provider, ...parametersOf(result) },
      });
    },
  };
}

function parametersOf(result: AttemptResult): Record<string, string> {
  if (result.connected) return { connected: "true" };
  const { reason, rollBack } = result;
  return { connected: "false", reason, ...(rollBack && { rollBack }) };
}

async function readCallback(request: Request, context: HandlerContext): Promise<CallbackInput> {
  try {
    const own = queryText(request, STATE_PARAMETER);
    const state = queryText(request, "state");
    const code = queryText(request, "code");
    const denied = queryText(request, "error") !== undefined && code === undefined;
    // Cal.com's callback sends our state alone; the provider sends Cal.com's, which contains ours.
    return {
      attempt: await readState(own ?? state, context),
      code,
      state,
      denied: denied && own === undefined,
    };
  } catch (error) {
    // A parameter that is given twice.
    if (error instanceof HttpError) return { attempt: null };
    throw error;
  }
}
