import type { Core } from "./core.js";
import { outcomeOf } from "./outcome.js";
import { openPopup } from "./popup.js";
import { RequestError } from "./requests.js";
import type { CalendarActivity, ConsentMode } from "./types.js";

// After this time the browser has left for the consent page, or the user has stopped the navigation.
const LEAVE_MS = 15_000;

/** Consent pages, in place of the application's page or in windows of their own. */
export interface Consent {
  show: (page: ConsentPage) => Promise<boolean>;
  /** The browser did not leave the page, or came back to it. */
  endRedirect: () => void;
  stop: () => void;
}

/** A consent page to show. */
interface ConsentPage {
  activity: CalendarActivity;
  /** The route that returns its address, and its parameters. Those that are `false` or `undefined` are left out. */
  route: "calendars/oauth-connect-url" | "oauth/authorize-url";
  parameters: Record<string, string | false | undefined>;
  mode: ConsentMode | undefined;
}

/** Shows consent pages. `load` loads the status. */
export function createConsent(core: Core, load: (isQuiet?: boolean) => Promise<boolean>): Consent {
  const { dispatch, machine } = core;
  let leaveTimer: ReturnType<typeof setTimeout> | undefined;
  /** What ends the waiting for popups. */
  const waiting = new Set<() => void>();

  const endRedirect = (): void => {
    clearTimeout(leaveTimer);
    dispatch({ type: "leaveEnded" });
  };

  /** Requests the address of a consent page and shows it. */
  const open = ({ activity, route, parameters }: ConsentPage, show: (url: string) => void, popup?: string) =>
    core.run(activity, async () => {
      const given: ConsentPage["parameters"] = { ...parameters, returnUrl: core.options.returnUrl, popup };
      const query = new URLSearchParams();
      for (const [name, value] of Object.entries(given)) {
        if (value) query.set(name, value);
      }
      const { authUrl } = await core.call(route, undefined, `?${query.toString()}`);
      if (!/^https?:/.test(authUrl)) throw new RequestError("invalid_response");
      // The user has opened another page of the application meanwhile. No callback is called.
      if (core.isStopped) throw new RequestError("internal_error");
      show(authUrl);
    });

  const redirect = (page: ConsentPage): Promise<boolean> =>
    open(page, (url) => {
      location.assign(url);
      leaveTimer = setTimeout(endRedirect, LEAVE_MS);
      dispatch({ type: "leaving" });
    });

  const inPopup = (page: ConsentPage): Promise<boolean> =>
    new Promise((resolve) => {
      const popup = openPopup((returned) => {
        if (returned) waiting.delete(stop);
        dispatch({ type: "popupEnded", id, returned });
        // Without a report, it may have ended on a page of another origin.
        void load(!returned).then((isLoaded) =>
          resolve(isLoaded && !!returned && !outcomeOf(returned, machine()).error),
        );
      });
      if (!popup) {
        // Blocked: as if it had been asked for a redirect.
        resolve(redirect(page));
        return;
      }
      const { id } = popup;
      const stop = (): void => {
        popup.release();
        resolve(false);
      };
      waiting.add(stop);
      const show = (url: string): void => {
        popup.show(url);
        dispatch({ type: "popupOpened", popup: { ...page.activity, id } });
      };
      void open(page, show, id).then((isOpen) => {
        if (isOpen) return;
        stop();
        popup.close();
      });
    });

  return {
    show(page) {
      // No window for an action that does not start.
      if (machine().pending) return Promise.resolve(false);
      return (page.mode ?? core.options.mode) === "popup" ? inPopup(page) : redirect(page);
    },
    endRedirect,
    stop() {
      for (const end of waiting) end();
      waiting.clear();
    },
  };
}
