/** A provider that users can connect with the component. */
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
  /** The account's address, where the provider tells it; `null` while the connection can't be read. */
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
  /** Since when it doesn't work, as ISO 8601. Absent if that is not known: the server has no connection store. */
  since?: string;
  /** Whether an organization's administrator has given the access: then the user can't end it. */
  delegated: boolean;
  /** Empty while the connection can't be read. */
  calendars: ConnectionCalendar[];
}

/** One calendar of a connection. */
export interface ConnectionCalendar {
  /** The provider's id of the calendar. `null` if the id may be a secret. */
  externalId: string | null;
  name: string | null;
  primary: boolean;
  readOnly: boolean;
  /** Whether Cal.com checks this calendar for conflicts. */
  isSelected: boolean;
}

/** The `data` that the status route returns. */
export interface CalendarIntegrationStatus {
  calendars: Connection[];
  hasConnectedCalendars?: boolean | undefined;
}

/** Options of {@link useCalendarIntegration}. */
export interface CalendarIntegrationOptions {
  /**
   * The path at which the handlers of `calbridge/handlers` are mounted.
   * @defaultValue `/api/cal`
   */
  basePath?: string | undefined;
  /**
   * Sends the requests. Set it to add a header, or in a test.
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined;
  /**
   * The status route's `data`, from the server that renders the page. The browser then loads nothing first, and the
   * page has its content without JavaScript.
   */
  initialStatus?: CalendarIntegrationStatus | undefined;
  /**
   * Where the user returns to after the provider's page: a path, or a URL of an origin that the handlers allow.
   * @defaultValue the handlers' `successUrl` and `errorUrl`
   */
  returnUrl?: string | undefined;
}

/** An action of the component. */
export type CalendarAction = "load" | "connect" | "connectApple" | "sync" | "disconnect";

/**
 * Why an action failed. All codes but three come from the handlers and are documented there. `network_error`: no response
 * arrived. `invalid_response`: the response does not come from the handlers; check `basePath`. `not_rolled_back`: a
 * callback was rejected, and the connection that it has added could not be removed (yet).
 */
export type CalendarIntegrationErrorCode =
  | "access_denied"
  | "conflict"
  | "cross_site"
  | "expired_state"
  | "internal_error"
  | "invalid_credentials"
  | "invalid_input"
  | "invalid_response"
  | "invalid_state"
  | "method_not_allowed"
  | "network_error"
  | "not_connected"
  | "not_found"
  | "not_permitted"
  | "not_rolled_back"
  | "payload_too_large"
  | "provider_error"
  | "rate_limited"
  | "cal_user_gone"
  | "revoked"
  | "save_failed"
  | "signed_out"
  | "try_again"
  | "unauthenticated"
  | "unavailable"
  | "unsupported_media_type"
  | "used_state"
  | "wrong_browser"
  | "wrong_user";

/** A failed action. {@link describeError} returns the text to show. */
export interface CalendarIntegrationError {
  code: CalendarIntegrationErrorCode;
  action: CalendarAction;
  /** `undefined` if loading failed. */
  provider?: CalendarProvider | undefined;
}

/** An action in progress, or one that has just succeeded. */
export interface CalendarActivity {
  action: CalendarAction;
  provider: CalendarProvider;
  /** The connection, if the action is about one of the provider's connections. */
  credentialId?: number | undefined;
  /** The connection's email address, if it is known. */
  email?: string | undefined;
}

/** The result of {@link useCalendarIntegration}. */
export interface CalendarIntegrationState {
  /**
   * The state of all connections together. `broken`: Cal.com can't read a connection, and the user has to connect it
   * again. `error`: the status could not be loaded; see `error`.
   */
  status: "loading" | "connected" | "disconnected" | "broken" | "error";
  /**
   * The connections. A new Apple connection has no calendars and the `credentialId` 0 until Cal.com lists it, up to
   * 10 seconds later.
   */
  calendars: Connection[];
  /** The action in progress. No other action starts meanwhile. */
  pending: CalendarActivity | null;
  /** The last failure. Also one with which the user returned from a provider. */
  error: CalendarIntegrationError | null;
  /** The action that has just succeeded. Also one with which the user returned from a provider. */
  result: CalendarActivity | null;
  /** Redirects the browser to the provider's consent page. */
  connect: (provider: OAuthProvider) => Promise<boolean>;
  /** Connects Apple's calendar with an app-specific password. */
  connectApple: (credentials: { username: string; password: string }) => Promise<boolean>;
  /** Asks Cal.com to check a provider's connection now. */
  sync: (provider: CalendarProvider) => Promise<boolean>;
  /** Disconnects all of a provider's connections, or the one with `credentialId`. */
  disconnect: (
    provider: CalendarProvider,
    options?: { credentialId?: number | undefined },
  ) => Promise<boolean>;
  /** Loads the status again. */
  reload: () => Promise<boolean>;
  /** Clears `error` and `result`. */
  dismiss: () => void;
}

/** `Partial`, whose properties may also be given as `undefined` under `exactOptionalPropertyTypes`. */
export type Optional<Of> = { [Key in keyof Of]?: Of[Key] | undefined };
