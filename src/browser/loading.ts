import { statusIn } from "./connections.js";
import { codeOf, valid, type Core } from "./core.js";

// Cal.com caches its list of calendars for 10 seconds, so an earlier request would return the same list.
const LIST_AGE_MS = 11_000;

/** Requests for the status. */
export interface Loading {
  /** Loads the status. A quiet load clears no message, and shows no failure once there is a list. */
  load: (isQuiet?: boolean) => Promise<boolean>;
  /** Loads the status when Cal.com's cache has expired, if an Apple connection may not be listed yet. */
  awaitApple: () => void;
  /** Loads the status if the shown one is old. */
  loadIfOld: () => void;
  stop: () => void;
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
      try {
        const status = valid(statusIn(await core.call("calendars/status")));
        dispatch({ type: "loaded", turn, status, time: Date.now() });
      } catch (error) {
        dispatch({ type: "loadFailed", turn, isQuiet, code: codeOf(error) });
        return false;
      }
      if (!appleTimer) loading.awaitApple();
      return true;
    },

    awaitApple() {
      clearTimeout(appleTimer);
      appleTimer = undefined;
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

    loadIfOld() {
      const { pending, listedAt } = machine();
      if (!document.hidden && !pending && Date.now() - listedAt > LIST_AGE_MS) void loading.load(true);
    },

    stop() {
      clearTimeout(appleTimer);
      appleTimer = undefined;
    },
  };
  return loading;
}
