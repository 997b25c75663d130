import { request, type Answers } from "./requests.js";
import { takeReturned, type Returned } from "./returned.js";
import type {
  Connection,
  CalendarActivity,
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarIntegrationState,
  CalendarProvider,
} from "./types.js";

// Cal.com remembers its list of calendars for 10 seconds: to ask more often is to hear the same.
const LIST_AGE_MS = 11_000;
// By then a browser that was sent to the provider is gone, or the user has stopped it.
const LEAVE_MS = 15_000;

/** All of the hook that is not React's. It has one listener. */
export interface IntegrationStore {
  /** As of the latest render. */
  options: CalendarIntegrationOptions;
  get: () => CalendarIntegrationState;
  subscribe: (listener: () => void) => () => void;
  /** Begins to work, in a browser. Answers how to end it. */
  start: () => () => void;
}

/** What can be done, as it was before anything was. */
type Actions = Omit<CalendarIntegrationState, "status" | "calendars" | "pending" | "error" | "result">;
type Data = Omit<CalendarIntegrationState, keyof Actions>;

/** Makes a store. Touches nothing of the browser's. */
export function createIntegrationStore(options: CalendarIntegrationOptions): IntegrationStore {
  let isLoaded = false;
  let listener: (() => void) | undefined;
  let latestLoad = 0;
  let loads = 0;
  let listedAt = 0;
  let returned: Returned | null = null;
  let leaving: ReturnType<typeof setTimeout> | undefined;
  let settling: ReturnType<typeof setTimeout> | undefined;

  const ask = <Route extends keyof Answers>(
    route: Route,
    body?: object,
    query?: string,
  ): Promise<Answers[Route]> => request(store.options, route, body, query);

  const set = (change: Partial<Data>): void => {
    state = { ...state, ...change };
    if (change.calendars) {
      isLoaded = true;
      listedAt = Date.now();
      // What was asked before is older than this.
      latestLoad++;
    }
    // The list can show as good what is broken: Cal.com's check, if that is what has failed, has the last word.
    const { action, code, provider } = state.error ?? {};
    const isKnown = state.calendars.some((one) => one.calendarType === provider && !one.connected);
    if (!isKnown && /^(sync|connect) (revoked|invalid_c|not_p|prov)/.test(`${action} ${code}`)) {
      state.calendars = state.calendars.map((account) => ({
        ...account,
        connected: account.connected && account.calendarType !== provider,
      }));
    }
    state.status = isLoaded ? stateOf(state.calendars) : state.error ? "error" : "loading";
    listener?.();
  };

  const accountsOf = (provider: CalendarProvider, isInverse = false): Connection[] =>
    state.calendars.filter(({ calendarType }) => (calendarType === provider) !== isInverse);

  /** Keeps what is connected now. Of a list that isn't known yet that is a part: all of it is asked for. */
  const keep = (calendars: Connection[]): void => {
    if (isLoaded) set({ calendars });
    else void load();
  };

  function fail(action: CalendarActivity["action"], code: string, provider?: CalendarProvider): void {
    set({ error: { action, provider, code: code as CalendarIntegrationErrorCode } });
  }

  /** Does one thing at a time, and keeps how it went. */
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

  /** Loads the list. What a later load, or a change, has overtaken is dropped. */
  async function load(isQuiet?: boolean): Promise<boolean> {
    // Somebody waits for the one that is under way, and is to hear how it ends.
    if (isQuiet && loads) return false;
    const turn = ++latestLoad;
    loads++;
    if (!isQuiet) set({ error: null, result: null });
    try {
      const calendars = listOf(await ask("status"));
      if (turn === latestLoad) {
        // Cal.com doesn't list an Apple account yet that it has just taken.
        const isListed = !settling || calendars.some(({ calendarType }) => calendarType === "apple");
        const { error } = state;
        set({
          calendars: isListed ? calendars : [...calendars, ...accountsOf("apple")],
          // What is wrong with a provider is shown until something is done about it. That it is not connected,
          // the list says as well, or by now the contrary.
          error: error?.provider && error.code !== "not_connected" ? error : null,
        });
        settleUnlisted();
        tellReturned();
      }
      return true;
    } catch (error) {
      if (turn === latestLoad && !(isQuiet && isLoaded)) fail("load", (error as Error).message);
      return false;
    } finally {
      loads--;
    }
  }

  /** The address says how the return went. That a calendar is connected is said if the list says so as well. */
  function tellReturned(): void {
    if (!returned) return;
    const { provider, connected, reason } = returned;
    returned = null;
    const works = accountsOf(provider).some((account) => account.connected);
    if (connected && works) set({ result: { action: "connect", provider } });
    else fail("connect", connected ? "not_connected" : reason, provider);
  }

  /** Asks for the list when Cal.com has the Apple account in it that it has just taken. */
  function settle(): void {
    clearTimeout(settling);
    // The page was left meanwhile.
    if (!listener) return;
    settling = setTimeout(() => {
      // The one that is under way may have been asked for too early.
      if (loads) settle();
      else {
        settling = undefined;
        void load(true);
      }
    }, LIST_AGE_MS);
  }

  /** The server knows of an Apple account as well that Cal.com doesn't list yet. */
  function settleUnlisted(): void {
    if (!settling && accountsOf("apple").some(({ credentialId }) => !credentialId)) settle();
  }

  /** The browser was sent away, and is still, or again, here. */
  function stay(): void {
    clearTimeout(leaving);
    if (leaving) set({ pending: null });
    leaving = undefined;
  }

  const actions: Actions = {
    connect: (provider) => {
      const pending: CalendarActivity = { action: "connect", provider };
      return run(pending, async () => {
        const { returnUrl } = store.options;
        const query = new URLSearchParams({ type: provider, ...(returnUrl && { returnUrl }) });
        const { authUrl } = await ask("oauth-connect-url", undefined, `?${query.toString()}`);
        if (!/^https?:/.test(authUrl)) throw new Error("invalid_response");
        // Unless the user has moved on meanwhile, to another page of the application.
        if (listener) location.assign(authUrl);
        leaving = setTimeout(stay, LEAVE_MS);
        return { pending, result: null };
      });
    },

    connectApple: (credentials) =>
      run({ action: "connectApple", provider: "apple" }, async () => {
        const answer = await ask("apple-credentials", credentials);
        if (answer.connected === false) throw new Error(answer.reason);
        settle();
        // Neither one that can't be read nor one that isn't listed has any.
        const readable = state.calendars.filter(
          (one) => one.calendarType !== "apple" || one.calendars.length,
        );
        keep([...readable, unlistedApple]);
      }),

    sync: (provider) =>
      run({ action: "sync", provider }, async () => {
        const answer = await ask("sync-credentials", { calendarType: provider });
        keep([...accountsOf(provider, true), ...listOf(answer)]);
        if (!answer.connected) throw new Error(answer.reason);
      }),

    disconnect: (provider, { credentialId } = {}) => {
      const isMeant = (account: Connection): boolean =>
        account.calendarType === provider && account.credentialId === (credentialId ?? account.credentialId);
      const account = state.calendars.find(isMeant)?.email ?? undefined;
      return run({ action: "disconnect", provider, credentialId, account }, async () => {
        await ask("disconnect", { calendarType: provider, credentialId });
        keep(state.calendars.filter((other) => !isMeant(other)));
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
        settleUnlisted();
        tellReturned();
      } else void load();

      const onShow = (event: Event & { persisted?: boolean }): void => {
        if (event.persisted) {
          // Back from the provider's page by the browser's Back button: the page is as it was left.
          stay();
          listedAt = 0;
        }
        // The user may have been at the provider's in the meantime.
        const isOld = Date.now() - listedAt > LIST_AGE_MS;
        if (!document.hidden && !state.pending && isOld) void load(true);
      };
      const life = new AbortController();
      addEventListener("visibilitychange", onShow, life);
      addEventListener("pageshow", onShow, life);
      return () => {
        life.abort();
        latestLoad++;
        stay();
        clearTimeout(settling);
        settling = undefined;
      };
    },
  };
  if (options.initialStatus) set({ calendars: options.initialStatus.calendars });
  return store;
}

type MaybeList<Of> = { every?: (test: (one: Of) => unknown) => boolean } | null | undefined;

/** The accounts in an answer; the way there may have put something else in its place. */
function listOf({ calendars }: { calendars: Connection[] }): Connection[] {
  const list = calendars as unknown as MaybeList<{ calendars?: MaybeList<unknown> } | null>;
  if (list?.every?.((account) => account?.calendars?.every?.(Boolean))) return calendars;
  throw new Error("invalid_response");
}

/** How accounts stand, in a word. */
export function stateOf(accounts: Connection[]): "connected" | "disconnected" | "broken" {
  if (accounts.some(({ connected }) => !connected)) return "broken";
  return accounts.length > 0 ? "connected" : "disconnected";
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
