import type { CalendarIntegrationErrorCode, CalendarProvider } from "./types.js";

/** What the handlers wrote into the address of the page that a user came back to. */
export interface Returned {
  provider: CalendarProvider;
  connected: boolean;
  reason: CalendarIntegrationErrorCode;
}

/** Reads the result of a return from the address, and takes it out, so that a reload doesn't tell it again. */
export function takeReturned(): Returned | null {
  const url = new URL(location.href);
  const { searchParams: query } = url;
  const provider = query.get("calendarType");
  const connected = query.get("connected");
  if (provider !== "google" && provider !== "office365") return null;
  if (connected !== "true" && connected !== "false") return null;
  // Anybody can make such an address: the reason is a key to our own sentences, never text to show.
  const reason = (query.get("reason") ?? "internal_error") as CalendarIntegrationErrorCode;
  for (const name of ["calendarType", "connected", "reason"]) query.delete(name);
  // Routers keep their own things in the entry's state.
  history.replaceState(history.state, "", url);
  return { provider, connected: connected === "true", reason };
}
