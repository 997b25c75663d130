import type { CalendarIntegrationErrorCode, CalendarProvider } from "./types.js";

/**
 * The result of a callback, as the handlers add it to the page's address. Anyone can make a link with such an address:
 * it may be announced, but it must not change which accounts are shown as connected.
 */
export interface Returned {
  provider: CalendarProvider;
  connected: boolean;
  reason: CalendarIntegrationErrorCode;
}

/** Reads the result of a callback from the address, and removes it there, so that a reload does not announce it again. */
export function takeReturned(): Returned | null {
  const query = new URLSearchParams(location.search);
  const provider = query.get("calendarType") as CalendarProvider;
  const connected = query.get("connected") ?? "";
  if (!/^(google|office365) (true|false)$/.test(`${provider} ${connected}`)) return null;
  // After the effects of this render: in one of them a router may begin to watch the address.
  queueMicrotask(removeParameters);
  // The reason selects one of the component's texts. It is never shown itself.
  const reason = (
    query.has("rollBack") ? "not_rolled_back" : (query.get("reason") ?? "internal_error")
  ) as CalendarIntegrationErrorCode;
  return { provider, connected: connected === "true", reason };
}

function removeParameters(): void {
  const url = new URL(location.href);
  for (const name of ["calendarType", "connected", "reason", "rollBack"]) url.searchParams.delete(name);
  // Routers keep data in the history entry's state. Next.js ignores a change whose state has its mark `__NA`, and would
  // restore the old address later. Without the mark it reads the new address.
  const state = history.state as { __NA?: boolean } | null;
  history.replaceState(state?.__NA ? { ...state, __NA: undefined } : state, "", url);
}
