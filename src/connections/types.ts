import type { IntegrationType } from "../api/endpoints/calendar-list.js";

/**
 * How a connection is. `connected`: it works. `broken`: it does not, and only the user can repair it. `unavailable`:
 * it could not be read for 24 hours, for an unknown reason. `gone`: the user's Cal.com account no longer has it. `expiring`,
 * of the Cal.com account only: the link ends within three days, and could not be renewed.
 */
export type ConnectionStatus = "connected" | "broken" | "unavailable" | "gone" | "expiring";

/**
 * Why a connection is not `connected`. Of a calendar: `revoked`, the user has revoked access at the provider;
 * `invalid_credentials`, Cal.com has marked it as invalid; `unavailable` and `provider_error`, it can't be read;
 * `removed`, it was disconnected. Of the Cal.com account: `revoked`, `expired` and `expires_soon`, the link that OAuth 2
 * made; `cal_user_gone`, Cal.com no longer has the account; `missing_scope`, the user has not allowed to read calendars;
 * `unavailable`, Cal.com did not respond.
 */
export type ConnectionReason =
  | "revoked"
  | "invalid_credentials"
  | "unavailable"
  | "provider_error"
  | "removed"
  | "expired"
  | "expires_soon"
  | "cal_user_gone"
  | "missing_scope";

/** Which connection a change is about: a Google, Office 365, Apple or ICS account. */
export interface ConnectionIdentity {
  /** `google`, `office365`, `apple` or `ics-feed`; Cal.com's own name for an integration that is none of these. */
  calendarType: string;
  /** Cal.com's name of the integration, such as `google_calendar`. */
  integration: IntegrationType;
  /** Cal.com's id of the connection. -1 for delegated access. */
  credentialId: number;
  /** What to call it: `Google Calendar`. */
  name: string;
  /** The account's address, as it was when the connection last worked. `null` if it is not known, and for an ICS feed. */
  email: string | null;
}

/** One calendar of a connection. */
export interface RememberedCalendar {
  /** The provider's id of the calendar. `null` where it may be a secret: an ICS feed's is its address. */
  externalId: string | null;
  name: string | null;
}

/** What a connection that works again got back, and what it did not. */
export interface RestoredCalendars {
  /** Calendars that Cal.com checks for conflicts again. */
  selected: RememberedCalendar[];
  /** The calendar that bookings are written to again; `null` if that has not changed. */
  destination: RememberedCalendar | null;
  /** What was selected, or the destination, and no longer exists in the account. */
  missing: RememberedCalendar[];
  /** For OAuth 2, what could be restored: `cal.checkConnection(userId, { restore: true })` does it. */
  available: RememberedCalendar[];
}

/** What the hook `onConnectionChange` receives. Holds no secret. */
export interface ConnectionChange {
  /** The same at every call for the same change, in every process: by it a second call is recognized. */
  id: string;
  userId: string;
  /** `null`: the user's account at Cal.com, and so all calendars of the user. */
  connection: ConnectionIdentity | null;
  /** What was reported before. */
  from: ConnectionStatus;
  /** The same as `from` only where a connection was replaced and calendars were restored. */
  to: ConnectionStatus;
  /** `null` if it works. */
  reason: ConnectionReason | null;
  /** What it means and what the user can do, in English. `null` if it works. */
  message: string | null;
  /** Since when it is so, as far as the checks can tell. */
  since: Date;
  /** For a connection that works again. `null` if nothing was to be restored. */
  restored: RestoredCalendars | null;
}

/** A connection, as the last check found it. */
export interface CheckedConnection extends ConnectionIdentity {
  status: ConnectionStatus;
  reason: ConnectionReason | null;
  /** What to do if it does not work; `null` if it does. */
  message: string | null;
  since: Date;
  /** Whether calendars wait to be restored: `cal.checkConnection(userId, { restore: true })`. */
  isRestorable: boolean;
}

/** What a check found. */
export interface ConnectionCheck {
  userId: string;
  checkedAt: Date;
  /** The user's account at Cal.com. While it is not `connected`, nothing new is known of the connections. */
  calAccount: Pick<CheckedConnection, "status" | "reason" | "message" | "since">;
  /** All connections that are known, those that are `gone` included. */
  connections: CheckedConnection[];
  /** Changes that the hook has not been called for yet. */
  changes: ConnectionChange[];
}

/** Options of `cal.checkConnection()`. */
export interface CheckConnectionOptions {
  /**
   * Whether a connection that works again gets back its selected calendars and the destination.
   * @defaultValue `true` for managed users; `false` for a user's own Cal.com account (OAuth 2)
   */
  restore?: boolean | undefined;
  signal?: AbortSignal | undefined;
}

/** Options of `cal.checkConnections()`. */
export interface CheckConnectionsOptions extends CheckConnectionOptions {
  /**
   * The most users of this run.
   * @defaultValue all who are due
   */
  limit?: number | undefined;
  /**
   * Users checked at once.
   * @defaultValue 5
   */
  concurrency?: number | undefined;
  /**
   * The most users a minute, of this run. Each takes two to five requests; one of them counts towards the 500 a minute
   * that Cal.com allows a client, the others towards the user's own. `Infinity`: no limit.
   * @defaultValue 120
   */
  maxPerMinute?: number | undefined;
  /**
   * Users who are not checked now, and are due again in an hour: `pending` of `handlers.finishRollBacks()`, whose calendars
   * may include one that is not theirs.
   */
  skip?: ReadonlySet<string> | undefined;
  /** Ends the run: no more users are begun, and those in flight are waited for. */
  signal?: AbortSignal | undefined;
  /**
   * How long users in flight are waited for after `signal`, in milliseconds. Then their checks are given up, and they are
   * due at once. A call of the hook `onConnectionChange` that has begun is still waited for, up to a minute.
   * @defaultValue no limit
   */
  graceMs?: number | undefined;
  /** Called after each user. */
  onProgress?: ((progress: ConnectionChecksResult) => void) | undefined;
  /** Called with what was found of each user, connections that work included. */
  onCheck?: ((check: ConnectionCheck) => void) | undefined;
  /** Called for each user who could not be checked. The run goes on. */
  onFailure?: ((userId: string, error: unknown) => void) | undefined;
}

/** How far `cal.checkConnections()` has come. */
export interface ConnectionChecksResult {
  /** Users that were checked. */
  checked: number;
  /** Changes that these checks found. */
  changed: number;
  /** Changes that the hook `onConnectionChange` was called for, those that an earlier run has found included. */
  notified: number;
  /** Users that could not be checked: a wrong configuration, or the database. They are due again in an hour. */
  failed: number;
  /**
   * Connections that can't be read just now, by calendar: `{ google: 812 }` is an outage of Google's. `cal.com`: users
   * for whom Cal.com itself did not respond.
   */
  unavailable: Record<string, number>;
  /** Whether no user was due any more when the run ended. */
  done: boolean;
}
