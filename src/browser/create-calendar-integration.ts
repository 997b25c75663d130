import { createChanges } from "./changes.js";
import { connectionsIn, initialStatusIn } from "./connections.js";
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
export function createCalendarIntegration(
  options: CalendarIntegrationOptions = {},
): CalendarIntegrationStore {
  const core = createCore(options);
  const { dispatch, machine, call, run } = core;
  const loading = createLoading(core);
  const { load } = loading;
  const consent = createConsent(core, load);
  const change = createChanges(core);
  let starts = 0;
  let stopAll = (): void => undefined;

  /** After a change to connections of which none is known yet, the whole list is loaded. */
  function changed(event: StoreEvent): StoreEvent {
    if (!machine().isLoaded) void load();
    return event;
  }

  function listen(): () => void {
    const onShow = (event: Event & { persisted?: boolean }): void => {
      // The user pressed Back on the provider's page: the browser restored this page from its cache.
      if (event.persisted) consent.endRedirect(true);
      // The user may have changed something at the provider meanwhile.
      loading.loadIfOld();
    };
    const listeners = new AbortController();
    addEventListener("visibilitychange", onShow, listeners);
    addEventListener("pageshow", onShow, listeners);
    return () => listeners.abort();
  }

  const initial = initialStatusIn(options.initialStatus);
  if (initial) dispatch({ type: "initialized", status: initial, time: Date.now() });

  return {
    getState: core.state,
    subscribe: core.subscribe,
    setOptions: (next) => void (core.options = next),

    start() {
      if (++starts === 1) {
        core.isStopped = false;
        const returned = takeReturned();
        if (returned) dispatch({ type: "returned", returned, needsList: false });
        if (machine().isLoaded) loading.awaitApple();
        else void load();
        stopAll = listen();
      }
      let isStarted = true;
      return () => {
        if (!isStarted) return;
        isStarted = false;
        if (--starts > 0) return;
        core.isStopped = true;
        stopAll();
        loading.stop();
        consent.stop();
        dispatch({ type: "stopped" });
      };
    },

    connect: (provider, { mode, another, credentialId } = {}) =>
      consent.show({
        activity: { action: "connect", provider, credentialId },
        route: "calendars/oauth-connect-url",
        parameters: {
          type: provider,
          select: another ? "1" : undefined,
          reconnect: credentialId?.toString(),
        },
        mode,
      }),

    connectApple: async (credentials) => {
      const worked = await run({ action: "connectApple", provider: "apple" }, async () => {
        const { connected, reason } = await call("calendars/apple-credentials", credentials);
        if (connected === false) throw new RequestError(reason ?? "provider_error");
        return changed({ type: "appleAccepted", time: Date.now() });
      });
      if (worked) loading.awaitApple();
      return worked;
    },

    sync: async (provider) => {
      let works = false;
      const isDone = await run({ action: "sync", provider }, async () => {
        const data = await call("calendars/sync-credentials", { calendarType: provider });
        const calendars = valid(connectionsIn(data));
        works = data.connected;
        const reason = works ? null : (data.reason ?? "not_connected");
        return changed({ type: "checked", provider, calendars, reason, time: Date.now() });
      });
      return isDone && works;
    },

    disconnect: (provider, { credentialId } = {}) => {
      const connection = machine().list.find(
        (one) => one.calendarType === provider && one.credentialId === (credentialId ?? one.credentialId),
      );
      const email = connection?.email ?? undefined;
      const activity: CalendarActivity = { action: "disconnect", provider, credentialId, email };
      return run(activity, async () => {
        await call("calendars/disconnect", { calendarType: provider, credentialId });
        return changed({ type: "disconnected", activity, time: Date.now() });
      });
    },

    link: ({ mode, replace, takeOver } = {}) =>
      consent.show({
        activity: { action: "link" },
        route: "oauth/authorize-url",
        parameters: { replace: replace ? "1" : undefined, takeOver: takeOver ? "1" : undefined },
        mode,
      }),

    unlink: async () => {
      const { calAccount } = machine();
      const email = calAccount?.grant === "oauth" ? (calAccount.email ?? undefined) : undefined;
      const activity: CalendarActivity = { action: "unlink", email };
      const worked = await run(activity, async () => {
        await call("oauth/unlink", {});
        return { type: "unlinked", activity, time: Date.now() };
      });
      // The user may have a managed user now, or again.
      if (worked) void load(true);
      return worked;
    },

    selectCalendar: (calendar, isSelected) => change("selectCalendar", calendar, isSelected),
    setDestination: (calendar) => change("setDestination", calendar),
    reload: () => load(),
    dismiss: () => dispatch({ type: "dismissed" }),
  };
}
