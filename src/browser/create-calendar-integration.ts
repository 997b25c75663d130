import { createChanges } from "./changes.js";
import { connectionsIn, isAbout, statusIn } from "./connections.js";
import { createConsent } from "./consent.js";
import { createCore, valid } from "./core.js";
import type { StoreEvent } from "./events.js";
import { createLoading } from "./loading.js";
import { RequestError } from "./requests.js";
import { takeReturned } from "./returned.js";
import type { CalendarActivity, CalendarIntegrationOptions, CalendarIntegrationStore } from "./types.js";

/**
 * Creates a store of the signed-in user's calendars, for a page in plain JavaScript or any framework. It calls the routes
 * of `calbridge/handlers`. It uses nothing of a browser before `start`, so it can be created on a server.
 *
 * @example
 * ```ts
 * const calendars = createCalendarIntegration();
 * calendars.subscribe(({ status, error }) => show(status, error));
 * calendars.start();
 * button.onclick = () => calendars.connect("google", { mode: "popup" });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its actions share the state
export function createCalendarIntegration(
  options: CalendarIntegrationOptions = {},
): CalendarIntegrationStore {
  const core = createCore(options);
  const { dispatch, machine, call, run } = core;
  const loading = createLoading(core);
  const { load } = loading;
  const consent = createConsent(core, load);
  const change = createChanges(core);

  /** Changes the list. If none of its connections is known yet, the whole list is loaded. */
  function changeList(event: StoreEvent): void {
    if (!machine().listedAt) void load();
    dispatch(event);
  }

  const { initialStatus } = options;
  // Also the whole response of the status route. With anything else, the browser loads the status.
  const status = statusIn(initialStatus) ?? statusIn((Object(initialStatus) as { data?: unknown }).data);
  if (status) {
    dispatch({ type: "loadStarted", isQuiet: true });
    dispatch({ type: "loaded", turn: machine().turn, status });
  }

  return {
    getState: core.state,
    subscribe: core.subscribe,
    setOptions: (next) => void (core.options = next),

    start() {
      core.isStopped = false;
      const returned = takeReturned();
      if (returned) dispatch({ type: "returned", returned });
      if (machine().listedAt) loading.awaitApple();
      else void load();

      const onShow = ({ persisted = false }: Event & { persisted?: boolean }): void => {
        // The user pressed Back on the provider's page: the browser restored this page from its cache.
        if (persisted) consent.endRedirect();
        // The user may have changed something at the provider meanwhile.
        loading.loadIfOld(persisted);
      };
      const listeners = new AbortController();
      addEventListener("visibilitychange", onShow, listeners);
      addEventListener("pageshow", onShow, listeners);
      return () => {
        core.isStopped = true;
        listeners.abort();
        loading.stop();
        consent.stop();
        dispatch({ type: "stopped" });
      };
    },

    connect: (provider, { mode, another, credentialId } = {}) =>
      consent.show({
        activity: { action: "connect", provider, credentialId },
        route: "calendars/oauth-connect-url",
        parameters: { type: provider, select: another && "1", reconnect: credentialId?.toString() },
        mode,
      }),

    connectApple: (credentials) =>
      run({ action: "connectApple", provider: "apple" }, async () => {
        const data = await call("calendars/apple-credentials", credentials);
        if (!data.connected) throw new RequestError(data.reason ?? "not_connected");
        changeList({ type: "appleAccepted", calendars: valid(connectionsIn(data)) });
        loading.awaitApple();
      }),

    sync: (provider) =>
      run({ action: "sync", provider }, async () => {
        const data = await call("calendars/sync-credentials", { calendarType: provider });
        const calendars = valid(connectionsIn(data));
        const reason = data.connected ? null : (data.reason ?? "not_connected");
        changeList({ type: "checked", provider, calendars, reason });
        if (reason) throw new RequestError(reason);
      }),

    disconnect: (provider, { credentialId } = {}) => {
      const activity: CalendarActivity = { action: "disconnect", provider, credentialId };
      activity.email = machine().list.find((one) => isAbout(activity, one))?.email ?? undefined;
      return run(activity, async () => {
        await call("calendars/disconnect", { calendarType: provider, credentialId });
        changeList({ type: "disconnected", activity });
      });
    },

    link: ({ mode, replace, takeOver } = {}) =>
      consent.show({
        activity: { action: "link" },
        route: "oauth/authorize-url",
        parameters: { replace: replace && "1", takeOver: takeOver && "1" },
        mode,
      }),

    unlink: async () => {
      const isUnlinked = await run({ action: "unlink" }, async () => {
        await call("oauth/unlink", {});
        dispatch({ type: "unlinked" });
      });
      // The user may have a managed user now, or again.
      if (isUnlinked) void load(true);
      return isUnlinked;
    },

    selectCalendar: (calendar, isSelected) => change("selectCalendar", calendar, isSelected),
    setDestination: (calendar) => change("setDestination", calendar),
    reload: () => load(),
    dismiss: () => dispatch({ type: "dismissed" }),
  };
}
