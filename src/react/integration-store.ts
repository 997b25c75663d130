import { request, type RouteData } from "./requests.js";
import { takeReturned, type Returned } from "./returned.js";
import type {
  Connection,
  CalendarActivity,
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationState,
  CalendarProvider,
} from "./types.js";

// Cal.com caches its list of calendars for 10 seconds, so an earlier request would return the same list.
const LIST_AGE_MS = 11_000;
// After this time the browser has left for the provider's page, or the user has stopped the navigation.
const LEAVE_MS = 15_000;

/** The state and actions of the hook, without React. It has one listener. */
export interface IntegrationStore {
  /** The options of the latest render. */
  options: CalendarIntegrationOptions;
  get: () => CalendarIntegrationState;
  subscribe: (listener: () => void) => () => void;
  /** Loads the status and listens to the browser. Returns a function that stops both. */
  start: () => () => void;
}

type Actions = Omit<CalendarIntegrationState, "status" | "calendars" | "pending" | "error" | "result">;
type Data = Omit<CalendarIntegrationState, keyof Actions>;

/** Creates a store. Uses nothing of the browser before {@link IntegrationStore.start}, so it can run on a server. */
export function createIntegrationStore(options: CalendarIntegrationOptions): IntegrationStore {
  let isLoaded = false;
  let listener: (() => void) | undefined;
  let latestLoad = 0;
  let loads = 0;
  let listedAt = 0;
  let returned: Returned | null = null;
  let leaveTimer: ReturnType<typeof setTimeout> | undefined;
  let appleTimer: ReturnType<typeof setTimeout> | undefined;

  const call = <Route extends keyof RouteData>(
    route: Route,
    body?: object,
    query?: string,
  ): Promise<RouteData[Route]> => request(store.options, route, body, query);

  const set = (change: Partial<Data>): void => {
    state = { ...state, ...change };
    if (change.calendars) {
      isLoaded = true;
      listedAt = Date.now();
      // A load that started earlier returns an older list.
      latestLoad++;
    }
    // The list can show a broken connection as working: Cal.com's check, if that has failed, takes precedence. Not what
    // the page's address says of an attempt to connect: anyone can make a link with such an address.
    const { action, code, provider } = state.error ?? {};
    const isKnown = state.calendars.some((one) => one.calendarType === provider && !one.connected);
    if (!isKnown && /^sync (revoked|invalid_c|not_p|prov)/.test(`${action} ${code}`)) {
      state.calendars = state.calendars.map((connection) => ({
        ...connection,
        connected: connection.connected && connection.calendarType !== provider,
      }));
    }
    state.status = isLoaded ? stateOf(state.calendars) : state.error ? "error" : "loading";
    listener?.();
  };

  const connectionsOf = (provider: CalendarProvider, isInverse = false): Connection[] =>
    state.calendars.filter(({ calendarType }) => (calendarType === provider) !== isInverse);

  /** Sets the connections after a change. If no list was loaded yet, they may not be all: then it loads the list. */
  const setConnections = (calendars: Connection[]): void => {
    if (isLoaded) set({ calendars });
    else void load();
  };

  function fail(action: CalendarActivity["action"], code: string, provider?: CalendarProvider): void {
    set({ error: { action, provider, code: code as CalendarIntegrationErrorCode } });
  }

  /** Runs one action at a time and stores its result or error. */
  async function run(
    activity: CalendarActivity,
    work: () => Promise<Partial<Data> | undefined>,
  ): Promise<boolean> {
    if (state.pending) return false;
    set({ pending: activity, error: null, result: null });
    try {
      set({ pending: null, result: activity, ...(await work()) });
      return true;
    } catch (error) {
      set({ pending: null });
      fail(activity.action, (error as Error).message, activity.provider);
      return false;
    }
  }

  /** Loads the list. Ignores the response if a later load or a change has happened meanwhile. */
  async function load(isQuiet?: boolean): Promise<boolean> {
    // The load in flight may be one that reports its error to its caller: a quiet load must not replace it.
    if (isQuiet && loads) return false;
    const turn = ++latestLoad;
    loads++;
    if (!isQuiet) set({ error: null, result: null });
    try {
      const calendars = listOf(await call("status"));
      if (turn === latestLoad) {
        // For some seconds Cal.com does not list a new Apple connection.
        const isListed = !appleTimer || calendars.some(({ calendarType }) => calendarType === "apple");
        const { error } = state;
        set({
          calendars: isListed ? calendars : [...calendars, ...connectionsOf("apple")],
          // A provider's error stays until the next action. Not "not_connected": the new list shows whether it is.
          error: error?.provider && error.code !== "not_connected" ? error : null,
        });
        watchUnlisted();
        reportReturn();
      }
      return true;
    } catch (error) {
      if (turn === latestLoad && !(isQuiet && isLoaded)) fail("load", (error as Error).message);
      return false;
    } finally {
      loads--;
    }
  }

  /** Reports the result in the page's URL. A success counts only if the list confirms it: anyone can write a URL. */
  function reportReturn(): void {
    if (!returned) return;
    const { provider, connected, reason } = returned;
    returned = null;
    const isConfirmed = connectionsOf(provider).some((connection) => connection.connected);
    if (connected && isConfirmed) set({ result: { action: "connect", provider } });
    else fail("connect", connected ? "not_connected" : reason, provider);
  }

  /** Loads the list when Cal.com's cache has expired, so that it contains the new Apple connection. */
  function loadWhenAppleIsListed(): void {
    clearTimeout(appleTimer);
    // The component was unmounted meanwhile.
    if (!listener) return;
    appleTimer = setTimeout(() => {
      // A load in flight may have started before the cache expired.
      if (loads) loadWhenAppleIsListed();
      else {
        appleTimer = undefined;
        void load(true);
      }
    }, LIST_AGE_MS);
  }

  /** The server also knows of an Apple connection that Cal.com doesn't list yet. */
  function watchUnlisted(): void {
    if (!appleTimer && connectionsOf("apple").some(({ credentialId }) => !credentialId))
      loadWhenAppleIsListed();
  }

  /** Ends the pending state of a redirect: the browser did not leave the page, or came back to it. */
  function endRedirect(): void {
    clearTimeout(leaveTimer);
    if (leaveTimer) set({ pending: null });
    leaveTimer = undefined;
  }

  const actions: Actions = {
    connect: (provider) => {
      const pending: CalendarActivity = { action: "connect", provider };
      return run(pending, async () => {
        const { returnUrl } = store.options;
        const query = new URLSearchParams({ type: provider, ...(returnUrl && { returnUrl }) });
        const { authUrl } = await call("oauth-connect-url", undefined, `?${query.toString()}`);
        if (!/^https?:/.test(authUrl)) throw new Error("invalid_response");
        // Not if the component was unmounted: the user has opened another page of the application meanwhile.
        if (listener) location.assign(authUrl);
        leaveTimer = setTimeout(endRedirect, LEAVE_MS);
        return { pending, result: null };
      });
    },

    connectApple: (credentials) =>
      run({ action: "connectApple", provider: "apple" }, async () => {
        const response = await call("apple-credentials", credentials);
        if (response.connected === false) throw new Error(response.reason);
        loadWhenAppleIsListed();
        // An Apple connection without calendars is broken or not listed yet. The new one replaces it.
        const others = state.calendars.filter(
          ({ calendarType, calendars }) => calendarType !== "apple" || calendars.length,
        );
        setConnections([...others, unlistedApple]);
      }),

    sync: (provider) =>
      run({ action: "sync", provider }, async () => {
        const data = await call("sync-credentials", { calendarType: provider });
        setConnections([...connectionsOf(provider, true), ...listOf(data)]);
        if (!data.connected) throw new Error(data.reason);
      }),

    disconnect: (provider, { credentialId } = {}) => {
      const isTarget = (connection: Connection): boolean =>
        connection.calendarType === provider &&
        connection.credentialId === (credentialId ?? connection.credentialId);
      const email = state.calendars.find(isTarget)?.email ?? undefined;
      return run({ action: "disconnect", provider, credentialId, email }, async () => {
        await call("disconnect", { calendarType: provider, credentialId });
        setConnections(state.calendars.filter((connection) => !isTarget(connection)));
      });
    },

    reload: () => load(),

    dismiss: () => set({ result: null, ...(isLoaded && { error: null }) }),
  };

  let state: CalendarIntegrationState = {
    ...actions,
    status: "loading",
    calendars: [],
    pending: null,
    error: null,
    result: null,
  };
  const store: IntegrationStore = {
    options,
    get: () => state,
    subscribe(onChange) {
      listener = onChange;
      return () => (listener = undefined);
    },
    start() {
      returned = takeReturned() ?? returned;
      if (isLoaded) {
        watchUnlisted();
        reportReturn();
      } else void load();

      const onShow = (event: Event & { persisted?: boolean }): void => {
        if (event.persisted) {
          // The user pressed Back on the provider's page: the browser restored this page from its cache.
          endRedirect();
          listedAt = 0;
        }
        // The user may have changed something at the provider meanwhile.
        const isOld = Date.now() - listedAt > LIST_AGE_MS;
        if (!document.hidden && !state.pending && isOld) void load(true);
      };
      const listeners = new AbortController();
      addEventListener("visibilitychange", onShow, listeners);
      addEventListener("pageshow", onShow, listeners);
      return () => {
        listeners.abort();
        latestLoad++;
        endRedirect();
        clearTimeout(appleTimer);
        appleTimer = undefined;
      };
    },
  };
  const initial = initialListOf(options.initialStatus);
  if (initial) set({ calendars: initial });
  return store;
}

type MaybeList<Of> = { every?: (test: (item: Of) => unknown) => boolean } | null | undefined;

/** The connections in a response. Throws if it has another shape, as that of a proxy may have. */
function listOf({ calendars }: { calendars: Connection[] }): Connection[] {
  const list = calendars as unknown as MaybeList<{ calendars?: MaybeList<unknown> } | null>;
  if (list?.every?.((connection) => connection?.calendars?.every?.(Boolean))) return calendars;
  throw new Error("invalid_response");
}

/**
 * The connections of `initialStatus`. It may also be the whole answer of the status route. With anything else, such as
 * the answer to a request that failed, the browser loads the list itself.
 */
function initialListOf(status: unknown): Connection[] | undefined {
  const { data } = Object(status) as { data?: unknown };
  for (const candidate of [status, data]) {
    try {
      return listOf(Object(candidate) as { calendars: Connection[] });
    } catch {
      // Not a list: the next one may be.
    }
  }
  return undefined;
}

/** The state of several connections together. */
export function stateOf(connections: Connection[]): "connected" | "disconnected" | "broken" {
  if (connections.some(({ connected }) => !connected)) return "broken";
  return connections.length > 0 ? "connected" : "disconnected";
}

const unlistedApple: Connection = {
  calendarType: "apple",
  integration: "apple_calendar",
  credentialId: 0,
  name: "Apple Calendar",
  email: null,
  connected: true,
  reason: null,
  message: null,
  delegated: false,
  calendars: [],
};
