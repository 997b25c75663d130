import type { CalendarIntegrationErrorCode, CalendarProvider } from "./types.js";

/** What the handlers wrote into the address of the page that a user came back to. */
export interface Returned {
  provider: CalendarProvider;
  connected: boolean;
  reason: CalendarIntegrationErrorCode;
}

/** Reads the result of a return from the address, and takes it out, so that a reload doesn't tell it again. */
export function takeReturned(): Returned | null {
  const query = new URLSearchParams(location.search);
  const provider = query.get("calendarType") as CalendarProvider;
  const connected = query.get("connected") ?? "";
  if (!/^(google|office365) (true|false)$/.test(`${provider} ${connected}`)) return null;
  // A router that watches the address begins to do so in an effect, as we do: not before the others have run.
  queueMicrotask(takeOut);
  // Anyone can make such an address: the reason is a key to our own sentences, never text to show.
  const reason = (
    query.has("rollBack") ? "not_rolled_back" : (query.get("reason") ?? "internal_error")
  ) as CalendarIntegrationErrorCode;
  return { provider, connected: connected === "true", reason };
}

function takeOut(): void {
  const url = new URL(location.href);
  for (const name of ["calendarType", "connected", "reason", "rollBack"]) url.searchParams.delete(name);
  // Routers keep their own things in the entry's state. Next.js takes a change that carries its mark for one
  // of its own, and would write the old address back later; without the mark it learns of the new one.
  const state = history.state as { __NA?: boolean } | null;
  history.replaceState(state?.__NA ? { ...state, __NA: undefined } : state, "", url);
}
