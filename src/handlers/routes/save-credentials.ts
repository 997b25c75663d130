import { isRejection } from "../oauth/callback-messages.js";
import { completeCallback, type CallbackInput } from "../oauth/complete-callback.js";
import { queryText, readFields, required, textField } from "../http/request.js";
import { failure, success } from "../http/responses.js";
import { rejectionError } from "../oauth/rejection-error.js";
import { isCalState, readState } from "../oauth/returned-state.js";
import type { Route } from "../types.js";

/**
 * `GET` and `POST /calendars/save-oauth-cal-creds`: for a page that a provider or Cal.com sent the user back to. Takes
 * `code` and Cal.com's `state`; or, after Cal.com's own callback, `cal_state` as `state` alone.
 */
export const saveOauthCredentials: Route = {
  name: "saveOauthCredentials",
  methods: ["GET", "POST"],
  refusesCrossSite: true,
  async run(request, context) {
    const { maxBodyBytes } = context.options;
    const read = request.method === "POST" ? await bodyReader(request, maxBodyBytes) : queryReader(request);
    const state = required("state", read("state"));
    const code = read("code");
    // Our own state comes without a code: Cal.com has stored the credential already.
    const calState = isCalState(state) ? { code: required("code", code), state } : {};
    const input: CallbackInput = { attempt: await readState(state, context), ...calState };

    const result = await completeCallback(request, context, { name: "saveOauthCredentials" }, input);
    const calendarType = input.attempt?.provider;
    const disconnected = result.removedIds.map((credentialId) => ({ credentialId }));
    if (result.connected) {
      const { connections: calendars, added } = result;
      return success({ calendarType, connected: true, calendars, added, disconnected });
    }
    const { reason, message } = result;
    if (isRejection(reason)) return failure(rejectionError(reason, message));
    return success({ calendarType, connected: false, reason, message, disconnected });
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
