import { useEffect, useState, useSyncExternalStore } from "react";
import { createIntegrationStore } from "./integration-store.js";
import type { CalendarIntegrationOptions, CalendarIntegrationState } from "./types.js";

/**
 * The calendars of the signed-in user, and what can be done with them, over the handlers of
 * `calbridge/handlers`. For a page of your own; {@link CalendarIntegration} is one that is ready made.
 *
 * None of its functions rejects: they answer whether it worked, and `error` says why not.
 *
 * @example
 * ```tsx
 * const { status, calendars, connect } = useCalendarIntegration();
 * if (status === "disconnected") return <button onClick={() => connect("google")}>Connect</button>;
 * ```
 */
export function useCalendarIntegration(options: CalendarIntegrationOptions = {}): CalendarIntegrationState {
  const [store] = useState(() => createIntegrationStore(options));
  useEffect(() => {
    store.options = options;
  });
  useEffect(() => store.start(), [store]);
  return useSyncExternalStore(store.subscribe, store.get, store.get);
}
