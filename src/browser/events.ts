import type { Returned } from "./returned.js";
import type { CalAccountView, CalendarProvider, Connection } from "./status.js";
import type {
  CalendarActivity,
  CalendarChange,
  CalendarIntegrationErrorCode,
  CalendarPopup,
} from "./types.js";

/** What the status route returned, validated. */
export interface Status {
  calendars: Connection[];
  calAccount: CalAccountView | null;
  linkable: boolean;
}

/** What can happen. `turn` identifies a request for the status. */
export type StoreEvent =
  | { type: "loadStarted"; isQuiet: boolean }
  | { type: "loaded"; turn: number; status: Status }
  | { type: "loadFailed"; turn: number; isQuiet: boolean; code: CalendarIntegrationErrorCode }
  | { type: "started"; activity: CalendarActivity }
  /** `code`: why the action has failed, or `null`. */
  | { type: "ended"; activity: CalendarActivity; code: CalendarIntegrationErrorCode | null }
  /** The browser is loading a consent page in place of this one. */
  | { type: "leaving" }
  /** The browser did not leave, or came back. */
  | { type: "leaveEnded" }
  /** A consent page was opened in a new window. */
  | { type: "popupOpened"; popup: CalendarPopup }
  /** The window was closed: by the page at the end of the flow, with a result, or by the user. */
  | { type: "popupEnded"; id: string; returned: Returned | null }
  /** The user came to this page from a consent page. */
  | { type: "returned"; returned: Returned }
  /** Cal.com has checked a provider's connections. `reason`: why one does not work, or `null`. */
  | {
      type: "checked";
      provider: CalendarProvider;
      calendars: Connection[];
      reason: CalendarIntegrationErrorCode | null;
    }
  | { type: "disconnected"; activity: CalendarActivity }
  /** Cal.com has accepted an Apple connection. For some seconds it does not list it. */
  | { type: "appleAccepted"; calendars: Connection[] }
  | { type: "appleWaitEnded" }
  | { type: "unlinked" }
  | { type: "changeStarted"; change: CalendarChange }
  | { type: "changeAccepted"; change: CalendarChange; calendars: Connection[] }
  | { type: "changeRefused"; change: CalendarChange; code: CalendarIntegrationErrorCode }
  | { type: "dismissed" }
  /** The page was left. */
  | { type: "stopped" };

/** An event, and when it happened, in milliseconds since 1970. */
export type TimedEvent = StoreEvent & { time: number };
