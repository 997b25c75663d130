import { isCalError } from "../errors.js";
import type { CalAccount } from "../index.js";
import { HttpError } from "./http/http-error.js";
import type { HandlerContext } from "./types.js";

/** Whether users can link their own Cal.com accounts. */
export function isLinkable({ options }: HandlerContext): boolean {
  return options.client.grants?.includes("oauth") === true;
}

/** Whether a user without a Cal.com account gets to link one, in place of a managed user. */
export function linksNewUsers({ options }: HandlerContext): boolean {
  return options.client.grants?.[0] === "oauth";
}

/** Whether the account has to be linked, for the first time or again, before a calendar can be connected. */
export function needsLink(context: HandlerContext, account: CalAccount | null): boolean {
  if (!isLinkable(context)) return false;
  if (!account) return linksNewUsers(context);
  if (account.grant === "managed") return false;
  // Cal.com's scopes for calendars; the others are not needed for them.
  const lacksCalendars = account.missingScopes.some((scope) => scope.startsWith("APPS_"));
  return account.reauthorization !== null || lacksCalendars;
}

/** Whether Cal.com accepts the user's tokens no longer, or not for this: linking again helps. */
export function isLinkLost(error: unknown): boolean {
  if (error instanceof HttpError) return error.code === "not_linked";
  return isCalError(error) && (error.code === "reauthorization_required" || error.code === "missing_scope");
}

/** The error for a user who has no Cal.com account yet, and needs one. */
export function notLinked(): HttpError {
  return new HttpError(409, "not_linked", "Link your Cal.com account first.");
}
