import type { DisconnectedReason } from "../../index.js";

/**
 * Why a return from a consent page was refused, or did not end in a working connection. The redirect
 * routes put it into the error page's query as `reason`. `docs/handlers.md` says what to tell the user.
 *
 * | reason | what happened | undone |
 * | --- | --- | --- |
 * | `invalid_state` | There is no state, or it was not made here, or for another provider. | if it was made here |
 * | `expired_state` | The return came more than ten minutes after the start. | yes |
 * | `used_state` | This return was handled before. | yes |
 * | `signed_out` | Nobody is signed in. | yes |
 * | `wrong_user` | Somebody else is signed in than the one who started. | yes |
 * | `wrong_browser` | The browser is not the one in which it was started, or has lost its cookies. | yes |
 * | `access_denied` | The user said no on the consent page. | nothing was saved |
 * | `save_failed` | Cal.com refused the code: wrong, used up, or without access to calendars. | nothing was saved |
 * | `try_again` | A revoked connection was in the way, and is disconnected now: connect once more. | nothing new was saved |
 * | `unavailable` | Cal.com or the provider could not be reached. Loading the page again tries once more. | no |
 * | `internal_error` | The application's own code, or the token store, failed. | no |
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
  | "unavailable"
  | "internal_error"
  | DisconnectedReason;

/** The `code` of an error that a handler answers. A code keeps its meaning; new ones may be added. */
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
  | "not_permitted"
  | "conflict"
  | "cal_user_gone"
  | "rate_limited"
  | "unavailable"
  | "internal_error";

/** What a handler answers instead of what was asked for. Its message is for the browser, and holds no secret. */
export class HttpError extends Error {
  override readonly name = "Refusal";
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

/** Something in the request that can't be right. */
export function invalidInput(message: string): HttpError {
  return new HttpError(400, "invalid_input", message);
}
