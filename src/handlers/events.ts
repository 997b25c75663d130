import type { CalendarProvider } from "../index.js";
import type { Connection } from "./account.js";
import type { ReturnReason } from "./http/http-error.js";

/** The routes that have a handler. */
export type HandlerName =
  | "oauthConnectUrl"
  | "googleOauthRedirect"
  | "officeOauthRedirect"
  | "saveOauthCredentials"
  | "syncCredentials"
  | "status"
  | "disconnect"
  | "appleCredentials"
  | "oauthAuthorizeUrl"
  | "oauthCallback"
  | "oauthUnlink"
  | "selectCalendar"
  | "setDestination"
  | "restoreCalendars"
  | "refresh"
  | "checkConnections";

/** What `onConnected` receives. */
export interface ConnectedEvent {
  userId: string;
  provider: CalendarProvider;
  /** The provider's accounts. Apple's new one may be missing for up to 10 seconds. */
  connections: Connection[];
  /** Not enumerable, so that printing the event prints no cookie, code or state. */
  readonly request: Request;
}

/** What `onDisconnected` receives. */
export interface DisconnectedEvent {
  userId: string;
  provider: CalendarProvider | "ics-feed";
  /** Cal.com's ids of the removed credentials. */
  credentialIds: number[];
  /** Not enumerable, so that printing the event prints no cookie. */
  readonly request: Request;
}

/** What `onLinked` receives. */
export interface LinkedEvent {
  userId: string;
  /** Cal.com's id of the account. */
  calUserId: number;
  /** The account's address; `null` if Cal.com does not tell it. */
  email: string | null;
  /** Not enumerable, so that printing the event prints no cookie, code or state. */
  readonly request: Request;
}

/** What `onUnlinked` receives. */
export interface UnlinkedEvent {
  userId: string;
  /** Cal.com's id of the account. */
  calUserId: number;
  /** The account's address; `null` if it was not known. */
  email: string | null;
  /** Not enumerable, so that printing the event prints no cookie. */
  readonly request: Request;
}

/** What `onError` receives. Safe to print and to log: `console.error(event)` shows no token, code, cookie or state. */
export interface HandlerErrorEvent {
  handler: HandlerName;
  /** Why a callback was rejected. More than one `wrong_user` is worth a look: see `docs/security.md`. */
  reason?: ReturnReason | undefined;
  /** The user who started the attempt whose callback was rejected. */
  userId?: string | undefined;
  /** A copy of `error` for logs: its name, code, message, stack and causes, with secrets removed. */
  redactedError: Error;
  /**
   * A `CalError`, the error that one of the application's own functions threw, or, for a rejected callback, an error
   * that says why. Not enumerable, so that printing the event does not print it: an error of the application's own may
   * hold a secret.
   */
  readonly error: unknown;
  /** Not enumerable, so that printing the event prints no cookie, code or state. */
  readonly request: Request;
}

/** Hides some properties from `console`, `JSON.stringify` and the spread operator. */
export function hideProperties<T extends object>(event: T, names: readonly (keyof T)[]): T {
  const hidden = { ...event };
  for (const name of names) Object.defineProperty(hidden, name, { enumerable: false });
  return hidden;
}
