/** A provider that users can connect on the page. */
export type CalendarProvider = "google" | "office365" | "apple";

/** A provider with a consent page. */
export type OAuthProvider = "google" | "office365";

/** A connection (a Google, Office 365, Apple or ICS account), as the handlers return it. */
export interface Connection {
  /** The provider: `google`, `office365`, `apple` or `ics-feed`. For any other, Cal.com's name of the integration. */
  calendarType: string;
  /** Cal.com's name of the integration, such as `google_calendar`. */
  integration: string;
  /** -1 for delegated access. 0 for an Apple calendar that Cal.com doesn't list yet. */
  credentialId: number;
  /** The name to show, such as `Google Calendar`. */
  name: string;
  /** The account's address, where the provider tells it; `null` if it is not known. */
  email: string | null;
  /** Whether it works. */
  connected: boolean;
  /** Why it doesn't work; `null` if it does. */
  reason:
    | "not_connected"
    | "invalid_credentials"
    | "revoked"
    | "unavailable"
    | "not_permitted"
    | "provider_error"
    | null;
  /** What to do if it doesn't work, in English; `null` if it does. */
  message: string | null;
  /** Since when it doesn't work, in ISO 8601. Only if the handlers' client has a connection store. */
  since?: string | null | undefined;
  /** Whether an organization's administrator has given the access: then the user can't end it. */
  delegated: boolean;
  /** Empty while the connection can't be read. */
  calendars: ConnectionCalendar[];
}

/** One calendar of a connection. */
export interface ConnectionCalendar {
  /** The provider's id of the calendar. `null` if the id may be a secret. */
  externalId: string | null;
  /** The connection that it belongs to. */
  credentialId: number;
  name: string | null;
  primary: boolean;
  readOnly: boolean;
  /** Whether Cal.com checks this calendar for conflicts. */
  isSelected: boolean;
  /** Whether bookings are written to this calendar. One calendar of all connections is. */
  isDestination: boolean;
}

/** What identifies a calendar among all calendars of all connections. */
export interface CalendarId {
  credentialId: number;
  /** {@link Connection.integration} of its connection. */
  integration: string;
  /** Not `null`: a calendar whose id may be a secret can't be selected by a page. */
  externalId: string;
}

/** A user's account at Cal.com. `managed`: the application has created it. `oauth`: it is the user's own. */
export type CalAccountView = { grant: "managed" } | LinkedCalAccount;

/** The user's own Cal.com account, which is linked to the application. */
export interface LinkedCalAccount {
  grant: "oauth";
  /** The account's address; `null` if Cal.com did not tell it. */
  email: string | null;
  /** Since when it is linked, in ISO 8601. */
  linkedAt: string | null;
  /** When the link ends if nobody uses it, in ISO 8601. */
  expiresAt: string | null;
  /** Permissions that the application needs and the user has not given. Linking again asks for them. */
  missingScopes: string[];
  /** Why the user has to link again; `null` while the link works. */
  reauthorization: CalReauthorization | null;
}

/** Why and since when a Cal.com account has to be linked again. */
export interface CalReauthorization {
  reason: "revoked" | "expired" | "cal_user_gone";
  /** In ISO 8601. */
  since: string;
  /** Until when calendars can still be read, in ISO 8601; `null` if they can't be read any more. */
  worksUntil: string | null;
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
