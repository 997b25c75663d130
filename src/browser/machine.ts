import { stateOf, withChanges } from "./connections.js";
import type { Returned } from "./returned.js";
import type { CalendarProvider, Connection } from "./status.js";
import type { CalendarState } from "./types.js";

/** All that the store knows. The page sees a part of it: {@link toState}. */
export interface Machine extends Omit<CalendarState, "status" | "calendars"> {
  /** Whether a list was loaded. */
  isLoaded: boolean;
  /** The connections, without the changes in flight. */
  list: Connection[];
  /** When the list was loaded or changed. */
  listedAt: number;
  /** Counts what makes an earlier request for the status out of date: later requests and changes. */
  turn: number;
  /** The number of requests for the status in flight. */
  loads: number;
  /** Whether the browser is about to show a consent page in place of this one. */
  isLeaving: boolean;
  /**
   * The provider whose check has failed. As long as its error is shown, its connections are shown as broken, even if a new
   * list shows them as working.
   */
  foundBroken: CalendarProvider | null;
  /** Whether Cal.com has accepted an Apple connection that it may not list yet. */
  awaitsApple: boolean;
  /** Results of consent pages that the next list has to confirm. */
  returned: Returned[];
}

/** Before anything has happened. */
export const initialMachine: Machine = {
  isLoaded: false,
  list: [],
  listedAt: 0,
  turn: 0,
  loads: 0,
  isLeaving: false,
  foundBroken: null,
  awaitsApple: false,
  returned: [],
  calAccount: null,
  linkable: false,
  pending: null,
  popups: [],
  changes: [],
  error: null,
  result: null,
};

/** What the page has to show. */
export function toState(machine: Machine): CalendarState {
  const { isLoaded, list, calAccount, linkable, pending, popups, changes, error, result } = machine;
  const calendars = withChanges(list, changes);
  const hasEnded = calAccount?.grant === "oauth" && calAccount.reauthorization && calendars.length === 0;
  const status = isLoaded ? (hasEnded ? "broken" : stateOf(calendars)) : error ? "error" : "loading";
  return { status, calendars, calAccount, linkable, pending, popups, changes, error, result };
}
