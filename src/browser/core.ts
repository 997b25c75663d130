import type { StoreEvent } from "./events.js";
import { initialMachine, toState, type Machine } from "./machine.js";
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
  /** Runs one action at a time. `work` resolves with the event of its success. */
  run: (activity: CalendarActivity, work: () => Promise<StoreEvent>) => Promise<boolean>;
}

type Listener = (state: CalendarState) => void;

/** Creates the core of a store. Uses nothing of a browser. */
export function createCore(options: CalendarIntegrationOptions): Core {
  let machine = initialMachine;
  let state = toState(machine);
  const listeners = new Set<{ listener: Listener }>();

  const core: Core = {
    options,
    isStopped: false,
    machine: () => machine,
    state: () => state,

    subscribe(listener) {
      // An object for each call: the same function may listen twice.
      const entry = { listener };
      listeners.add(entry);
      listener(state);
      return () => void listeners.delete(entry);
    },

    dispatch(event) {
      machine = reduce(machine, event);
      const next = toState(machine);
      const names = Object.keys(next) as (keyof CalendarState)[];
      if (names.every((name) => next[name] === state[name])) return;
      state = next;
      for (const { listener } of [...listeners]) notify(listener, next);
    },

    call: (route, body, query) => request(core.options, route, body, query),

    async run(activity, work) {
      if (machine.pending) return false;
      core.dispatch({ type: "started", activity });
      try {
        core.dispatch(await work());
        return true;
      } catch (error) {
        core.dispatch({ type: "failed", activity, code: codeOf(error) });
        return false;
      }
    },
  };
  return core;
}

/** A listener that throws must not keep the state from the others: the browser reports its error. */
function notify(listener: Listener, state: CalendarState): void {
  try {
    listener(state);
  } catch (error) {
    queueMicrotask(() => {
      throw error;
    });
  }
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
