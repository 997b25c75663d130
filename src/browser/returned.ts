import type { OAuthProvider } from "./status.js";
import type { CalendarIntegrationErrorCode } from "./types.js";

/**
 * The result of a consent page, as the handlers add it to the page's address or report it from a popup. Anyone can make a
 * link with such an address: it may be announced, but it must not change which accounts are shown as connected.
 */
export interface Returned {
  /** The provider that was to be connected. */
  provider?: OAuthProvider | undefined;
  connected: boolean;
  /** What became of the link to the user's Cal.com account, if this was about it. */
  calAccount?: "linked" | "error" | undefined;
  reason: CalendarIntegrationErrorCode;
}

/** Reads a result from a query. `null` if there is none. */
export function returnedIn(search: string): Returned | null {
  const query = new URLSearchParams(search);
  const connected = oneOf(["true", "false"], query.get("connected"));
  const provider = connected && oneOf(["google", "office365"], query.get("calendarType"));
  const calAccount = oneOf(["linked", "error"], query.get("calAccount"));
  if (!provider && !calAccount) return null;
  // The reason selects one of the component's texts. It is never shown itself.
  const reason = (
    query.has("rollBack") ? "not_rolled_back" : (query.get("reason") ?? "internal_error")
  ) as CalendarIntegrationErrorCode;
  return { provider, connected: connected === "true", calAccount, reason };
}

function oneOf<Value extends string>(values: Value[], given: string | null): Value | undefined {
  return values.find((value) => value === given);
}

/** Reads a result from the page's address, and removes it there, so that a reload does not announce it again. */
export function takeReturned(): Returned | null {
  const returned = returnedIn(location.search);
  // After the effects of this render: in one of them a router may begin to watch the address.
  if (returned) queueMicrotask(removeParameters);
  return returned;
}

function removeParameters(): void {
  const url = new URL(location.href);
  for (const name of ["calendarType", "connected", "calAccount", "reason", "rollBack"]) {
    url.searchParams.delete(name);
  }
  // Routers keep data in the history entry's state. Next.js ignores a change whose state has its mark `__NA`, and would
  // restore the old address later. Without the mark it reads the new address.
  const state = history.state as { __NA?: boolean } | null;
  history.replaceState(state?.__NA ? { ...state, __NA: undefined } : state, "", url);
}
