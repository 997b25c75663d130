import { useEffect, useMemo, useState, useSyncExternalStore } from "react";
import { createCalendarIntegration } from "../browser/create-calendar-integration.js";
import type { CalendarActions, CalendarIntegrationOptions, CalendarState } from "../browser/types.js";

/** The result of {@link useCalendarIntegration}: what the page has to show, and the actions. */
export interface CalendarIntegrationState extends CalendarState, CalendarActions {}

/**
 * The calendars of the signed-in user and the actions on them. It calls the routes of `calbridge/handlers`. Use it for
 * a page of your own; {@link CalendarIntegration} is the ready-made component.
 *
 * Its functions never reject. They resolve with whether the action worked; if not, `error` says why.
 *
 * @example
 * ```tsx
 * const { status, calendars, connect } = useCalendarIntegration();
 * if (status === "disconnected") return <button onClick={() => connect("google")}>Connect</button>;
 * ```
 */
export function useCalendarIntegration(options: CalendarIntegrationOptions = {}): CalendarIntegrationState {
  // The package installs beside any React, as most of it needs none.
  if (!(useSyncExternalStore as unknown)) {
    throw new Error("calbridge/react needs React 18 or later.");
  }
  const [store] = useState(() => createCalendarIntegration(options));
  // Effects run in order: when it starts, it has its listener.
  const state = useSyncExternalStore(store.subscribe, store.getState, store.getState);
  useEffect(() => store.setOptions(options));
  useEffect(() => store.start(), [store]);
  return useMemo(() => {
    const { getState, subscribe, start, setOptions, ...actions } = store;
    return { ...state, ...actions };
  }, [store, state]);
}
