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

/** What can happen. `time` is in milliseconds; `turn` identifies a request for the status. */
export type StoreEvent =
  | { type: "loadStarted"; isQuiet: boolean }
  | { type: "loaded"; turn: number; status: Status; time: number }
  | { type: "loadFailed"; turn: number; isQuiet: boolean; code: CalendarIntegrationErrorCode }
  /** The status that the server rendered the page with. */
  | { type: "initialized"; status: Status; time: number }
  | { type: "started"; activity: CalendarActivity }
  | { type: "failed"; activity: CalendarActivity; code: CalendarIntegrationErrorCode }
  /** The browser was told to open a consent page. */
  | { type: "leaving" }
  /** The browser did not leave, or came back. */
  | { type: "leaveEnded"; isListOld: boolean }
  | { type: "popupOpened"; popup: CalendarPopup }
  | { type: "popupEnded"; id: string }
  /** A consent page has ended. `needsList`: the list was requested before, so it can't confirm a success. */
  | { type: "returned"; returned: Returned; needsList: boolean }
  | {
      type: "checked";
      provider: CalendarProvider;
      calendars: Connection[];
      reason: CheckResult;
      time: number;
    }
  | { type: "disconnected"; activity: CalendarActivity; time: number }
  | { type: "appleAccepted"; time: number }
  | { type: "appleWaitEnded" }
  | { type: "unlinked"; activity: CalendarActivity; time: number }
  | { type: "changeStarted"; change: CalendarChange }
  | { type: "changeAccepted"; id: number; calendars: Connection[]; time: number }
  | { type: "changeRefused"; id: number; code: CalendarIntegrationErrorCode }
  | { type: "dismissed" }
  | { type: "stopped" };

/** Why a check found a connection broken; `null` if it works. */
export type CheckResult = CalendarIntegrationErrorCode | null;
