import type { Core } from "./core.js";
import { outcomeOf } from "./outcome.js";
import { openPopup, type Popup } from "./popup.js";
import { RequestError } from "./requests.js";
import type { CalendarActivity, ConsentMode } from "./types.js";

// After this time the browser has left for the consent page, or the user has stopped the navigation.
const LEAVE_MS = 15_000;

/** Consent pages, in place of the application's page or in windows of their own. */
export interface Consent {
  show: (page: ConsentPage) => Promise<boolean>;
  /** The browser did not leave the page, or came back to it. */
  endRedirect: (isListOld: boolean) => void;
  stop: () => void;
}

/** A consent page to show. */
export interface ConsentPage {
  activity: CalendarActivity;
  /** The route that returns its address. */
  route: "calendars/oauth-connect-url" | "oauth/authorize-url";
  parameters: Record<string, string | undefined>;
  mode: ConsentMode | undefined;
}

/** Shows consent pages. `load` loads the status. */
export function createConsent(core: Core, load: (isQuiet?: boolean) => Promise<boolean>): Consent {
  const { dispatch, machine } = core;
  let leaveTimer: ReturnType<typeof setTimeout> | undefined;
  /** What ends the waiting for popups. */
  const waiting = new Set<() => void>();

  function endRedirect(isListOld: boolean): void {
    clearTimeout(leaveTimer);
    dispatch({ type: "leaveEnded", isListOld });
  }

  async function addressOf({ route, parameters }: ConsentPage, popup: Popup | null): Promise<string> {
    const given = { ...parameters, returnUrl: core.options.returnUrl, popup: popup?.id };
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(given)) if (value) query.set(name, value);
    const { authUrl } = await core.call(route, undefined, `?${query.toString()}`);
    if (!/^https?:/.test(authUrl)) throw new RequestError("invalid_response");
    return authUrl;
  }

  const redirect = (page: ConsentPage): Promise<boolean> =>
    core.run(page.activity, async () => {
      const url = await addressOf(page, null);
      // Not if the user has opened another page of the application meanwhile.
      if (!core.isStopped) location.assign(url);
      clearTimeout(leaveTimer);
      leaveTimer = setTimeout(() => endRedirect(false), LEAVE_MS);
      return { type: "leaving" };
    });

  /** Waits for the report of a popup. Not by its promise alone, as one that looks closed may still report. */
  function inPopup(page: ConsentPage): Promise<boolean> {
    return new Promise((resolve) => {
      const popup = openPopup({
        onReturn(returned) {
          waiting.delete(stop);
          dispatch({ type: "popupEnded", id: popup?.id ?? "" });
          dispatch({ type: "returned", returned, needsList: true });
          void load().then((isLoaded) => resolve(isLoaded && !outcomeOf(returned, machine()).error));
        },
        onClose() {
          dispatch({ type: "popupEnded", id: popup?.id ?? "" });
          // It may have ended without a report, on a page of another origin.
          void load(true);
          resolve(false);
        },
      });
      const stop = (): void => {
        popup?.release();
        resolve(false);
      };
      // Blocked: as if it had been asked for a redirect.
      if (!popup) {
        resolve(redirect(page));
        return;
      }

      waiting.add(stop);
      const opening = core.run(page.activity, async () => {
        const url = await addressOf(page, popup);
        if (core.isStopped) throw new RequestError("internal_error");
        popup.show(url);
        return { type: "popupOpened", popup: { ...page.activity, id: popup.id } };
      });
      void opening.then((isOpen) => {
        if (isOpen) return;
        waiting.delete(stop);
        popup.cancel();
        resolve(false);
      });
    });
  }

  return {
    show(page) {
      if (machine().pending) return Promise.resolve(false);
      return (page.mode ?? core.options.mode) === "popup" ? inPopup(page) : redirect(page);
    },
    endRedirect,
    stop() {
      for (const end of waiting) end();
      waiting.clear();
      clearTimeout(leaveTimer);
    },
  };
}
