import type { DisconnectedReason } from "../../index.js";

/**
 * Why a callback was rejected, or did not end in a working connection. The callback routes add it to the error page's
 * query as `reason`. `docs/handlers.md` says what to show to the user.
 *
 * | reason | what happened | rolled back |
 * | --- | --- | --- |
 * | `invalid_state` | The state is missing, was not made here, or is for another provider. | if it was made here |
 * | `expired_state` | The callback came more than ten minutes after the start. | yes |
 * | `used_state` | This callback was handled before. | yes |
 * | `signed_out` | No user is signed in. | yes |
 * | `wrong_user` | Another user is signed in than the one who started. | yes |
 * | `wrong_browser` | It was started in another browser, or the browser has lost its cookies. | yes |
 * | `access_denied` | The user denied access on the consent page. | nothing was saved |
 * | `save_failed` | Cal.com rejected the code: wrong, used already, or without access to calendars. | nothing was saved |
 * | `try_again` | A revoked connection was in the way and is disconnected now: connect once more. | nothing new was saved |
 * | `account_changed` | Another Cal.com account was linked, or the link ended, since the start. | no |
 * | `reauthorization_required` | Cal.com refuses the user's tokens: link the Cal.com account again. | no |
 * | `different_account` | To connect one account again, another one was chosen. | if that is certain to be new |
 * | `unavailable` | Cal.com could not be reached. Loading the page again retries. | no |
 * | `internal_error` | The application's own code, or the token store, failed. | no |
 *
 * Of a Cal.com account that was to be linked (`calAccount=error`); nothing was linked:
 *
 * | reason | what happened | what the user can do |
 * | --- | --- | --- |
 * | `different_cal_account` | The user has linked another Cal.com account, which stays linked. | choose that one, or link with `replace=1` |
 * | `cal_account_in_use` | Another of the application's users has linked this Cal.com account. | choose another one, or confirm and link with `takeOver=1` |
 * | `team_account_not_supported` | A team was chosen at Cal.com. | choose a person |
 * | `code_rejected` | Cal.com did not accept the code: it is too old, or was used before. | start again |
 * | `client_rejected` | Cal.com refuses the application's OAuth client. | nothing: the application has to look at it |
 */
export type ReturnReason =
  | "invalid_state"
  | "expired_state"
  | "used_state"
  | "signed_out"
  | "wrong_user"
  | "wrong_browser"
  | "access_denied"
  | "save_failed"
  | "try_again"
  | "account_changed"
  | "reauthorization_required"
  | "different_account"
  | "unavailable"
  | "internal_error"
  | LinkReason
  | DisconnectedReason;

/** Why Cal.com's account was not linked, if its page was left with a code. */
export type LinkReason =
  | "different_cal_account"
  | "cal_account_in_use"
  | "team_account_not_supported"
  | "code_rejected"
  | "client_rejected";

/** The `code` of an error response. A code keeps its meaning; new ones may be added. */
export type HandlerErrorCode =
  | "invalid_input"
  | "unauthenticated"
  | "cross_site"
  | "not_found"
  | "method_not_allowed"
  | "payload_too_large"
  | "unsupported_media_type"
  | "invalid_state"
  | "expired_state"
  | "used_state"
  | "wrong_user"
  | "wrong_browser"
  | "invalid_credentials"
  | "calendar_unreadable"
  | "read_only_calendar"
  | "not_permitted"
  | "conflict"
  | "cal_user_gone"
  | "not_linked"
  | "reauthorization_required"
  | "missing_scope"
  | "rate_limited"
  | "unavailable"
  | "internal_error";

/** An error response. Its message is sent to the browser, so it must not hold a secret. */
export class HttpError extends Error {
  override readonly name = "HttpError";
  readonly code: HandlerErrorCode;
  readonly status: number;
  readonly headers: Record<string, string>;

  constructor(status: number, code: HandlerErrorCode, message: string, headers: Record<string, string> = {}) {
    super(message);
    this.status = status;
    this.code = code;
    this.headers = headers;
  }
}

/** The error for a request that is not valid. */
export function invalidInput(message: string): HttpError {
  return new HttpError(400, "invalid_input", message);
}
