import { isCalError } from "../../errors.js";
import { isLinkLost } from "../linked-account.js";
import type { DisconnectedReason } from "../../index.js";
import type { LinkReason, ReturnReason } from "../http/http-error.js";
import type { AttemptResult, RollBackState } from "../types.js";

/** Why a callback was rejected: the user who returns may not be the user who started. */
export type RejectionReason =
  "invalid_state" | "expired_state" | "used_state" | "signed_out" | "wrong_user" | "wrong_browser";

/** A reason that the handlers find themselves. The others come from Cal.com's check and list. */
type OwnReason = Exclude<
  ReturnReason,
  LinkReason | Exclude<DisconnectedReason, "not_connected" | "revoked" | "unavailable">
>;

const messages: Record<OwnReason, string> = {
  invalid_state: "This link was not created here. Start again.",
  expired_state: "That took too long. Start again.",
  used_state: "This link was used before.",
  signed_out: "Sign in, and start again.",
  wrong_user: "This was started by another user.",
  wrong_browser: "This was started in another browser. Start again in this one.",
  access_denied: "Access to the calendar was not granted.",
  save_failed: "Cal.com could not connect the calendar. Start again, and grant access to calendars.",
  not_connected:
    "Nothing new was connected: access was not granted, the account has no calendar, or it was connected before.",
  revoked: "Access was revoked at the provider. Connect it again.",
  try_again:
    "Access to this account had been revoked, and the old connection was in the way. Connect it once more.",
  account_changed: "Your Cal.com account was changed meanwhile. Connect the calendar once more.",
  reauthorization_required: "Cal.com no longer accepts the link to your account. Link it again.",
  different_account:
    "Another account was chosen than the one to connect again, and was not added. Start again, and choose that one.",
  unavailable: "Cal.com could not be reached. Load this page again.",
  internal_error: "Something went wrong. Try again later.",
};

const elsewhere =
  "If you gave access to a calendar, it may be connected to the account of the user who started this";
const rollBackMessages: Record<RollBackState, string> = {
  pending: `${elsewhere}, until Cal.com responds: then it is disconnected. You can also remove Cal.com's access in your Google or Microsoft account.`,
  unavailable: `${elsewhere}. Remove Cal.com's access in your Google or Microsoft account.`,
};

type Failure = Extract<AttemptResult, { connected: false }>;

/** The result of an attempt that has added nothing. */
export function failure(reason: OwnReason, removedIds: number[] = []): Failure {
  return { connected: false, reason, message: messages[reason], removedIds };
}

/** The result of an attempt to connect an account again that may have added another one, which is connected now. */
export function otherAccountLeft(removedIds: number[]): Failure {
  const message =
    "Another account than the one to connect again is connected now. Disconnect it if you don't want it; then start again, and choose the right one.";
  return { connected: false, reason: "different_account", message, removedIds, rollBack: "unavailable" };
}

/** The result of a callback that was rejected. */
export function rejection(reason: RejectionReason, rollBack?: RollBackState): Failure {
  const { message, ...result } = failure(reason);
  if (!rollBack) return { ...result, message };
  return { ...result, message: `${message} ${rollBackMessages[rollBack]}`, rollBack };
}

const rejections: ReadonlySet<ReturnReason> = new Set<RejectionReason>([
  "invalid_state",
  "expired_state",
  "used_state",
  "signed_out",
  "wrong_user",
  "wrong_browser",
]);

/** Whether a callback was rejected, rather than accepted without a working connection. */
export function isRejection(reason: ReturnReason): reason is RejectionReason {
  return rejections.has(reason);
}

/** The result of a callback that an error cut short. */
export function interrupted(error: unknown): Failure {
  if (isLinkLost(error)) return failure("reauthorization_required");
  const isOwnFault = !isCalError(error) || error.code === "store_error" || error.code === "invalid_input";
  return failure(isOwnFault ? "internal_error" : "unavailable");
}
