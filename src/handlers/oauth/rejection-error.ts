import { HttpError, type HandlerErrorCode } from "../http/http-error.js";
import type { RejectionReason } from "./callback-messages.js";

const rejections: Record<RejectionReason, [status: number, code: HandlerErrorCode]> = {
  invalid_state: [400, "invalid_state"],
  expired_state: [400, "expired_state"],
  used_state: [409, "used_state"],
  signed_out: [401, "unauthenticated"],
  wrong_user: [403, "wrong_user"],
  wrong_browser: [403, "wrong_browser"],
};

/** The error response for a callback that was rejected. */
export function rejectionError(reason: RejectionReason, message: string): HttpError {
  const [status, code] = rejections[reason];
  return new HttpError(status, code, message);
}
