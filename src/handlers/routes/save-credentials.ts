import { completeCallback, isRefused, type CallbackInput } from "../oauth/complete-callback.js";
import { queryText, readFields, required, textField } from "../http/request.js";
import { HttpError, type HandlerErrorCode, type ReturnReason } from "../http/http-error.js";
import { failure, success } from "../http/responses.js";
import { isCalState, readState } from "../oauth/returned-state.js";
import type { Route } from "../types.js";

/**
 * `GET` and `POST /calendars/save-oauth-cal-creds`: for a page that a provider or Cal.com sent the user back
 * to. Takes `code` and Cal.com's `state`; or, after Cal.com's own callback, `cal_state` as `state` alone.
 */
export const saveOauthCredentials: Route = {
  name: "saveOauthCredentials",
  methods: ["GET", "POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const read =
      request.method === "POST"
        ? await bodyReader(request, context.options.maxBodyBytes)
        : queryReader(request);
    const state = required("state", read("state"));
    const code = read("code");
    // Without a code there is nothing to save, and our own state says all that is to be known.
    const calState = isCalState(state) ? { code: required("code", code), state } : {};
    const came: CallbackInput = { attempt: await readState(state, context), ...calState };

    const { result, cookies } = await completeCallback(
      request,
      context,
      { name: "saveOauthCredentials" },
      came,
    );
    if (!result.connected && isRefused(result.reason))
      return failure(refusalOf(result.reason, result.message), { cookies });
    const calendarType = came.attempt?.provider;
    if (result.connected)
      return success({ calendarType, connected: true, calendars: result.accounts }, { cookies });
    const { reason, message } = result;
    return success({ calendarType, connected: false, reason, message }, { cookies });
  },
};

type Reader = (name: string) => string | undefined;

function queryReader(request: Request): Reader {
  return (name) => queryText(request, name);
}

async function bodyReader(request: Request, maxBytes: number): Promise<Reader> {
  const fields = await readFields(request, maxBytes);
  return (name) => textField(fields, name);
}

const refusals: Partial<Record<ReturnReason, [status: number, code: HandlerErrorCode]>> = {
  expired_state: [400, "expired_state"],
  used_state: [409, "used_state"],
  signed_out: [401, "unauthenticated"],
  wrong_user: [403, "wrong_user"],
  wrong_browser: [403, "wrong_browser"],
};

function refusalOf(reason: ReturnReason, message: string): HttpError {
  const [status, code] = refusals[reason] ?? [400, "invalid_state"];
  return new HttpError(status, code, message);
}
