import { CalApiError, isCalError } from "../errors.js";

/** What a call says of all of the user's connections. */
export function isAccountLost(error: unknown): boolean {
  return isCalError(error) && ["cal_user_gone", "reauthorization_required"].includes(error.code);
}

/** Cal.com refuses a token that it has just issued: the account behind it was deleted. */
export function isAccountGone({ apiMessage = "" }: CalApiError): boolean {
  return apiMessage.includes("third-party token - No user");
}

/** Cal.com refuses the access token that was sent. */
export function isTokenRefused(error: unknown): error is CalApiError {
  return error instanceof CalApiError && (error.code === "token_expired" || error.code === "token_rejected");
}
