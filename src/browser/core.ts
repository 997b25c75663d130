import type { StoreEvent } from "./events.js";
import { initialMachine, initialState, type Machine } from "./machine.js";
import { reduce } from "./reducer.js";
import { request, RequestError, type RouteData } from "./requests.js";
import type {
  CalendarActivity,
  CalendarIntegrationErrorCode,
  CalendarIntegrationOptions,
  CalendarState,
} from "./types.js";

/** The state, its listeners, and what all actions need. */
export interface Core {
  options: CalendarIntegrationOptions;
  /** Whether the page was left: then the browser is not sent anywhere. */
  isStopped: boolean;
  machine: () => Machine;
  state: () => CalendarState;
  subscribe: (listener: Listener) => () => void;
  dispatch: (event: StoreEvent) => void;
  call: <Route extends keyof RouteData>(
    route: Route,
    body?: object,
    query?: string,
  ) => Promise<RouteData[Route]>;
  /** Runs one action at a time, and returns how it ended. */
  run: (activity: CalendarActivity, work: () => Promise<void>) => Promise<boolean>;
}

type Listener = (state: CalendarState) => void;

/** Creates the core of a store. Uses nothing of a browser. */
export function createCore(options: CalendarIntegrationOptions): Core {
  let machine = initialMachine;
  let state = initialState;
  const listeners = new Set<Listener>();

  const core: Core = {
    options,
    isStopped: false,
    machine: () => machine,
    state: () => state,

    subscribe(listener) {
      // A function of its own: the same listener may be given twice.
      const notify: Listener = (next) => listener(next);
      listeners.add(notify);
      notify(state);
      return () => void listeners.delete(notify);
    },

    dispatch(event) {
      machine = reduce(machine, { ...event, time: Date.now() });
      const names = Object.keys(state) as (keyof CalendarState)[];
      if (names.every((name) => machine[name] === state[name])) return;
      state = Object.fromEntries(names.map((name) => [name, machine[name]])) as unknown as CalendarState;
      for (const notify of [...listeners]) notify(state);
    },

    call: (route, body, query) => request(core.options, route, body, query),

    async run(activity, work) {
      if (machine.pending) return false;
      core.dispatch({ type: "started", activity });
      let code: CalendarIntegrationErrorCode | null = null;
      try {
        await work();
      } catch (error) {
        code = codeOf(error);
      }
      core.dispatch({ type: "ended", activity, code });
      return !code;
    },
  };
  return core;
}

/** The code of an error. One that is not a request's comes from a browser that refuses something, such as a window. */
export function codeOf(error: unknown): CalendarIntegrationErrorCode {
  return error instanceof RequestError ? error.code : "internal_error";
}

/** Rejects a response that has another shape than the handlers' responses. */
export function valid<Of>(value: Of | null): Of {
  if (value === null) throw new RequestError("invalid_response");
  return value;
}
