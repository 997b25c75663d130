import { stateOf, withChanges } from "./connections.js";
import type { Returned } from "./returned.js";
import type { CalendarProvider, Connection } from "./status.js";
import type { CalendarState } from "./types.js";

/** All that the store knows: what the page has to show, and what only the store needs. */
export interface Machine extends CalendarState {
  /** The connections, without the changes in flight. */
  list: Connection[];
  /** When the list was loaded or last changed, in milliseconds since 1970. 0 until a list is loaded. */
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

/** What the page has to show before anything has happened. */
export const initialState: CalendarState = {
  status: "loading",
  calendars: [],
  calAccount: null,
  linkable: false,
  pending: null,
  popups: [],
  changes: [],
  error: null,
  result: null,
};

/** Before anything has happened. */
export const initialMachine: Machine = {
  ...initialState,
  list: [],
  listedAt: 0,
  turn: 0,
  loads: 0,
  isLeaving: false,
  foundBroken: null,
  awaitsApple: false,
  returned: [],
};

/** With what follows from the rest: the connections to show, and the state of all of them together. */
export function withView(machine: Machine): Machine {
  const { listedAt, list, changes, calAccount, error } = machine;
  const calendars = withChanges(list, changes);
  // With a link that has ended, Cal.com lists nothing.
  const hasEnded = !list.length && calAccount?.grant === "oauth" && calAccount.reauthorization;
  const status = listedAt ? (hasEnded ? "broken" : stateOf(list)) : error ? "error" : "loading";
  return { ...machine, calendars, status };
}
