// What the handlers return: their own types. Imports of types are erased, so no code of the server gets into a page, and
// the published declarations hold these types alone.
import type { Connection } from "../handlers/account.js";
import type { CalAccountView } from "../handlers/cal-account-view.js";

export type { CalendarProvider, OAuthProvider } from "../api/endpoints/calendars.js";
export type { Connection, ConnectionCalendar } from "../handlers/account.js";
export type { CalAccountView, CalReauthorization, LinkedCalAccount } from "../handlers/cal-account-view.js";

/** What identifies a calendar among all calendars of all connections. */
export interface CalendarId {
  credentialId: number;
  /** {@link Connection.integration} of its connection. */
  integration: string;
  /** Not `null`: a calendar whose id may be a secret can't be selected by a page. */
  externalId: string;
}

/** The `data` that the status route returns. */
export interface CalendarIntegrationStatus {
  calendars: Connection[];
  hasConnectedCalendars?: boolean | undefined;
  /** `null` for a user who has no account at Cal.com yet. */
  calAccount?: CalAccountView | null | undefined;
  /** Whether users can link their own Cal.com account. */
  linkable?: boolean | undefined;
}
