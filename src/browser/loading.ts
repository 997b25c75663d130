import { statusIn } from "./connections.js";
import { codeOf, valid, type Core } from "./core.js";
import type { StoreEvent } from "./events.js";

// Cal.com caches its list of calendars for 10 seconds, so an earlier request would return the same list.
const LIST_AGE_MS = 11_000;

/** Requests for the status. */
export interface Loading {
  /** Loads the status. A quiet load clears no message, and shows no failure once there is a list. */
  load: (isQuiet?: boolean) => Promise<boolean>;
  /** Loads the status when Cal.com's cache has expired, if an Apple connection may not be listed yet. */
  awaitApple: () => void;
  /** Ends that wait. */
  stop: () => void;
  /** Loads the status if the shown one is old, or if the user comes back from a consent page. */
  loadIfOld: (isBack: boolean) => void;
}

/** Loads the status, and knows when it has to be loaded again. */
export function createLoading(core: Core): Loading {
  const { machine, dispatch } = core;
  let appleTimer: ReturnType<typeof setTimeout> | undefined;

  const loading: Loading = {
    async load(isQuiet = false) {
      // The load in flight may be one that reports its error to its caller: a quiet load must not replace it.
      if (isQuiet && machine().loads > 0) return false;
      dispatch({ type: "loadStarted", isQuiet });
      const { turn } = machine();
      const event = await core
        .call("calendars/status")
        .then((data): StoreEvent => ({ type: "loaded", turn, status: valid(statusIn(data)) }))
        .catch((error: unknown): StoreEvent => ({ type: "loadFailed", turn, isQuiet, code: codeOf(error) }));
      dispatch(event);
      // A change of a calendar has made this list out of date, and a popup's result still waits for one.
      if (event.type === "loaded" && machine().returned.length && !machine().loads && !core.isStopped) {
        return loading.load(isQuiet);
      }
      if (!appleTimer) loading.awaitApple();
      return event.type === "loaded";
    },

    awaitApple() {
      loading.stop();
      if (core.isStopped || !machine().awaitsApple) return;
      appleTimer = setTimeout(() => {
        // A load in flight may have started before the cache expired.
        if (machine().loads > 0) {
          loading.awaitApple();
          return;
        }
        appleTimer = undefined;
        dispatch({ type: "appleWaitEnded" });
        void loading.load(true);
      }, LIST_AGE_MS);
    },

    stop() {
      clearTimeout(appleTimer);
      appleTimer = undefined;
    },

    loadIfOld(isBack) {
      const { pending, listedAt } = machine();
      const isOld = isBack || Date.now() - listedAt > LIST_AGE_MS;
      if (isOld && !pending && !document.hidden) void loading.load(true);
    },
  };
  return loading;
}
