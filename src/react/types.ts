/** A provider whose calendars can be connected here. */
export type CalendarProvider = "google" | "office365" | "apple";

/** A provider with a consent page. */
export type OAuthProvider = "google" | "office365";

/** A connection, as the handlers return it. */
export interface Connection {
  /** `google`, `office365`, `apple` or `ics-feed`; Cal.com's own name for an integration that is none of these. */
  calendarType: string;
  /** Cal.com's name of the integration, such as `google_calendar`. */
  integration: string;
  /** -1 for delegated access. 0 for an Apple calendar that Cal.com doesn't list yet. */
  credentialId: number;
  /** What to call it: `Google Calendar`. */
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
  /** Whether an organization's administrator has given the access: then the user can't end it. */
  delegated: boolean;
  /** Empty while the connection can't be read. */
  calendars: ConnectionCalendar[];
}

/** One calendar of a connected account. */
export interface ConnectionCalendar {
  /** The provider's id of the calendar. `null` where it may be a secret. */
  externalId: string | null;
  name: string | null;
  primary: boolean;
  readOnly: boolean;
  /** Whether Cal.com reads it for conflicts. */
  isSelected: boolean;
}

/** What the status route answers as `data`. */
export interface CalendarIntegrationStatus {
  calendars: Connection[];
  hasConnectedCalendars?: boolean | undefined;
}

/** Options of {@link useCalendarIntegration}. */
export interface CalendarIntegrationOptions {
  /**
   * Where the handlers of `calbridge/handlers` are mounted.
   * @defaultValue `/api/cal`
   */
  basePath?: string | undefined;
  /**
   * Makes the requests: to add a header, or for a test.
   * @defaultValue the global `fetch`
   */
  fetch?: typeof fetch | undefined;
  /**
   * The status route's `data`, read by the server that renders the page. With it nothing has to be loaded
   * first, and the page has its content without JavaScript.
   */
  initialStatus?: CalendarIntegrationStatus | undefined;
  /**
   * Where the user ends up after the provider's page: a path, or an address of an origin that the handlers
   * allow.
   * @defaultValue the handlers' `successUrl` and `errorUrl`
   */
  returnUrl?: string | undefined;
}

/** What is done, was done, or failed. */
export type CalendarAction = "load" | "connect" | "connectApple" | "sync" | "disconnect";

/**
 * Why something failed. All but three are codes of the handlers, which say what they mean: `network_error`, no
 * response came; `invalid_response`, what came is no response of the handlers, so `basePath` may be wrong;
 * `not_rolled_back`, a callback was rejected, and what it has connected could not be removed (yet).
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

/** A failure. {@link describeError} has the sentence for it. */
export interface CalendarIntegrationError {
  code: CalendarIntegrationErrorCode;
  action: CalendarAction;
  /** Absent when loading failed. */
  provider?: CalendarProvider | undefined;
}

/** Something that is under way, or has just worked. */
export interface CalendarActivity {
  action: CalendarAction;
  provider: CalendarProvider;
  /** Which of the provider's accounts, if it is about one of them. */
  credentialId?: number | undefined;
  /** Its address, where that is known. */
  account?: string | undefined;
}

/** What {@link useCalendarIntegration} answers. */
export interface CalendarIntegrationState {
  /**
   * All of it in a word. `broken`: an account can't be read and has to be connected again. `error`: the
   * status could not be loaded, see `error`.
   */
  status: "loading" | "connected" | "disconnected" | "broken" | "error";
  /**
   * The connected accounts. An Apple account has no calendars and the `credentialId` 0 at first: it takes
   * Cal.com up to 10 seconds to list it.
   */
  calendars: Connection[];
  /** What is under way. Nothing else starts meanwhile. */
  pending: CalendarActivity | null;
  /** The last failure, the one that a return from a provider brought included. */
  error: CalendarIntegrationError | null;
  /** What has just worked; a return from a provider, too. */
  result: CalendarActivity | null;
  /** Sends the browser to the provider's consent page. */
  connect: (provider: OAuthProvider) => Promise<boolean>;
  /** Connects Apple's calendar with an app-specific password. */
  connectApple: (credentials: { username: string; password: string }) => Promise<boolean>;
  /** Has Cal.com check a provider's connection now. */
  sync: (provider: CalendarProvider) => Promise<boolean>;
  /** Ends a provider's connections, or the one with `credentialId`. */
  disconnect: (
    provider: CalendarProvider,
    options?: { credentialId?: number | undefined },
  ) => Promise<boolean>;
  /** Loads the status again. */
  reload: () => Promise<boolean>;
  /** Forgets `error` and `result`. */
  dismiss: () => void;
}
