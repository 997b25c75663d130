import type { LinkReason, ReturnReason } from "../http/http-error.js";

/** A reason for which an account is not linked, callbacks that are rejected aside. */
export type LinkFailureReason =
  LinkReason | Extract<ReturnReason, "access_denied" | "unavailable" | "internal_error">;

const messages: Record<LinkFailureReason, string> = {
  access_denied: "Access to the Cal.com account was not granted.",
  different_cal_account:
    "You have linked another Cal.com account. Sign in to Cal.com with that one, or confirm that you want to change it.",
  cal_account_in_use:
    "Another user has linked this Cal.com account. Use another one, or confirm that you want to move it here.",
  team_account_not_supported: "You have chosen a team. Start again, and choose yourself.",
  code_rejected: "That took too long, or was used before. Start again.",
  client_rejected: "Cal.com does not accept this application at the moment. Try again later.",
  unavailable: "Cal.com could not be reached. Start again.",
  internal_error: "Something went wrong. Try again later.",
};

/** An account that was not linked. */
export interface LinkFailure {
  isLinked: false;
  reason: ReturnReason;
  message: string;
}

/** The result of an attempt that has linked nothing. */
export function linkFailure(reason: LinkFailureReason): LinkFailure {
  return { isLinked: false, reason, message: messages[reason] };
}
