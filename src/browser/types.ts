import type { HandlerErrorCode, ReturnReason } from "../handlers/http/http-error.js";
import type { CalAccountView, CalendarId, CalendarIntegrationStatus, CalendarProvider } from "./status.js";
import type { Connection, OAuthProvider } from "./status.js";

/**
 * How a consent page is shown. `redirect`: in place of the application's page. `popup`: in a new window, which
 * closes itself; the page stays as it is. Where a browser blocks the window, the page is redirected after all.
 */
export type ConsentMode = "redirect" | "popup";

/** Options of `createCalendarIntegration`. */
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
   * page has its content without JavaScript. Read once, when the store is created.
   */
  initialStatus?: CalendarIntegrationStatus | undefined;
  /**
   * How `connect` and `link` show consent pages, if the call does not say it. `popup` needs handlers of the page's own
   * origin.
   * @defaultValue `redirect`
   */
  mode?: ConsentMode | undefined;
  /**
   * Where the user returns to after the provider's page: a path, or a URL of an origin that the handlers allow.
   * @defaultValue the handlers' `successUrl` and `errorUrl`
   */
  returnUrl?: string | undefined;
}

/** The name of an action. All but `load` are functions of the store. */
export type CalendarAction =
  | "load"
  | "connect"
  | "connectApple"
  | "sync"
  | "disconnect"
  | "link"
  | "unlink"
  | "selectCalendar"
  | "setDestination";

/**
 * Why an action failed. All codes but three come from the handlers and are documented there. `network_error`: no response
 * arrived. `invalid_response`: the response does not come from the handlers; check `basePath`. `not_rolled_back`: a
 * callback was rejected, and the connection that it has added could not be removed (yet).
 */
export type CalendarIntegrationErrorCode =
  HandlerErrorCode | ReturnReason | "network_error" | "invalid_response" | "not_rolled_back";

/** An action: what it does, and what it is about. */
export interface CalendarActivity {
  action: CalendarAction;
  /** The provider that the action is about. `link` and `unlink` are about none. */
  provider?: CalendarProvider | undefined;
  /** The connection, if the action is about one of the provider's connections. */
  credentialId?: number | undefined;
  /** The email address of the connection or of the Cal.com account, if it is known. */
  email?: string | undefined;
}

/** A failed action. */
export interface CalendarIntegrationError extends CalendarActivity {
  code: CalendarIntegrationErrorCode;
  /** The calendar, after `selectCalendar` or `setDestination`. */
  calendar?: CalendarId | undefined;
}

/** A consent page in a new window. */
export interface CalendarPopup extends CalendarActivity {
  /** The id under which the window reports how it ended. */
  id: string;
}

/** A change that is shown already and that the handlers have not confirmed yet. */
export interface CalendarChange extends CalendarActivity {
  /** Its number, in the order in which they were made. */
  id: number;
  action: "selectCalendar" | "setDestination";
  calendar: CalendarId;
  /** Whether the calendar is to be checked for conflicts. Always `true` for `setDestination`, where it has no meaning. */
  isSelected: boolean;
}

/** What the page has to show. Each change makes a new object. */
export interface CalendarState {
  /**
   * The state of all connections together. `broken`: Cal.com can't read a connection, and the user has to connect it
   * again; or the Cal.com account has to be linked again, and nothing can be read until then. `error`: the status could
   * not be loaded; see `error`.
   */
  status: "loading" | "connected" | "disconnected" | "broken" | "error";
  /**
   * The connections, with the changes that are in flight. A new Apple connection has no calendars and the
   * `credentialId` 0 until Cal.com lists it, up to 10 seconds later.
   */
  calendars: Connection[];
  /** The user's account at Cal.com. `null` if there is none yet, and until the status is loaded. */
  calAccount: CalAccountView | null;
  /** Whether users can link their own Cal.com account. `false` until the status is loaded. */
  linkable: boolean;
  /** The action in progress. No other starts meanwhile, `selectCalendar` and `setDestination` aside. */
  pending: CalendarActivity | null;
  /** The consent pages that are open in windows of their own. Other actions may start meanwhile. */
  popups: readonly CalendarPopup[];
  /** The changes of `selectCalendar` and `setDestination` in flight. `calendars` shows them already. */
  changes: readonly CalendarChange[];
  /** The last failure. Also one with which the user returned from a consent page. */
  error: CalendarIntegrationError | null;
  /** The action that has just succeeded. Also one with which the user returned from a consent page. */
  result: CalendarActivity | null;
}

/** Options of {@link CalendarActions.connect}. */
export interface ConnectOptions {
  /** @defaultValue the option `mode` of the store */
  mode?: ConsentMode | undefined;
  /** Whether to add another account of the provider: its page asks which one. */
  another?: boolean | undefined;
  /**
   * The connection to connect again: the provider's page suggests its account. If the user chooses another one, nothing
   * is added, and the error is `different_account`.
   */
  credentialId?: number | undefined;
}

/** Options of {@link CalendarActions.link}. */
export interface LinkOptions {
  /** @defaultValue the option `mode` of the store */
  mode?: ConsentMode | undefined;
  /** Whether another Cal.com account may replace the linked one. Ask the user after the error `different_cal_account`. */
  replace?: boolean | undefined;
  /**
   * Whether the Cal.com account may be taken from the application user it is linked to. Ask the user after the error
   * `cal_account_in_use`.
   */
  takeOver?: boolean | undefined;
}

/**
 * The actions. They never reject. They resolve with whether the action worked; if not, `error` says why, unless another
 * action was in progress or the user has closed the popup.
 */
export interface CalendarActions {
  /**
   * Shows the provider's consent page. Resolves when the browser leaves the page; with a popup, when the popup has ended.
   * A popup is opened at once: call this in the handler of a click, before anything is awaited.
   */
  connect: (provider: OAuthProvider, options?: ConnectOptions) => Promise<boolean>;
  /** Connects Apple's calendar with an app-specific password. */
  connectApple: (credentials: { username: string; password: string }) => Promise<boolean>;
  /** Asks Cal.com to check a provider's connections now. */
  sync: (provider: CalendarProvider) => Promise<boolean>;
  /** Disconnects all of a provider's connections, or the one with `credentialId`. */
  disconnect: (
    provider: CalendarProvider,
    options?: { credentialId?: number | undefined },
  ) => Promise<boolean>;
  /** Shows Cal.com's consent page, to link the user's own Cal.com account. Otherwise like `connect`. */
  link: (options?: LinkOptions) => Promise<boolean>;
  /** Ends the link to the user's own Cal.com account. Changes nothing in that account. */
  unlink: () => Promise<boolean>;
  /** Sets whether Cal.com checks a calendar for conflicts. Shown at once, and undone if it is refused. */
  selectCalendar: (calendar: CalendarId, isSelected: boolean) => Promise<boolean>;
  /** Sets the calendar that bookings are written to. Shown at once, and undone if it is refused. */
  setDestination: (calendar: CalendarId) => Promise<boolean>;
  /** Loads the status again. */
  reload: () => Promise<boolean>;
  /** Clears `error` and `result`. Not the error of a first load: there is nothing else to show. */
  dismiss: () => void;
}

/** A user's calendars and the actions on them, for any user interface. */
export interface CalendarIntegrationStore extends CalendarActions {
  /** The current state. The same object until something changes. */
  getState: () => CalendarState;
  /**
   * Calls the listener at once and after each change. Returns a function that ends that. This is the contract of Svelte's
   * stores, and suits React's `useSyncExternalStore`.
   */
  subscribe: (listener: (state: CalendarState) => void) => () => void;
  /**
   * Loads the status, reads the result of a consent page from the page's address, and listens to the browser. Call it when
   * the page is shown. Returns a function that stops it, for when the page is left without loading another document.
   */
  start: () => () => void;
  /** Replaces the options. `initialStatus` has no effect any more. */
  setOptions: (options: CalendarIntegrationOptions) => void;
}

/** `Partial`, whose properties may also be given as `undefined` under `exactOptionalPropertyTypes`. */
export type Optional<Of> = { [Key in keyof Of]?: Of[Key] | undefined };
