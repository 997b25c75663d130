import { returnedIn, type Returned } from "./returned.js";

const FEATURES = "popup,width=520,height=720";
// How often to look whether the user has closed the window: browsers send no event.
const LOOK_MS = 500;

/** A window for a consent page. */
export interface Popup {
  /** The id under which the page at the end of the flow reports. */
  id: string;
  show: (url: string) => void;
  /** Stops listening. Leaves the window open: the user may be in the middle of it. */
  release: () => void;
  /** Closes the window, if there is no consent page to show. */
  close: () => void;
}

/**
 * Opens an empty window: browsers allow it in the click only. `null` if they don't, or have no `BroadcastChannel`.
 *
 * `onEnd` gets what the window reports, or `null` when the user has closed it. It may still report after that: a provider's
 * page with a `Cross-Origin-Opener-Policy` makes the window look closed to this page.
 */
export function openPopup(onEnd: (returned: Returned | null) => void): Popup | null {
  const opened = "BroadcastChannel" in globalThis && window.open("", "", FEATURES);
  if (!opened || opened.closed) return null;
  // The provider's page must not be able to navigate this one.
  opened.opener = null;

  // Not randomUUID(): Safari 15.3 has none.
  const id = crypto.getRandomValues(new Uint32Array(5)).join("-");
  const channel = new BroadcastChannel(`calbridge:${id}`);
  let timer: ReturnType<typeof setInterval> | undefined;
  const release = (): void => {
    clearInterval(timer);
    channel.close();
  };
  channel.onmessage = ({ data }) => {
    const { returned } = Object(data) as { returned?: unknown };
    const result = returnedIn(String(returned));
    if (!result) return;
    release();
    onEnd(result);
  };
  return {
    id,
    release,
    close: () => opened.close(),
    show(url) {
      // In place of the empty page, so that the Back button does not lead to it.
      opened.location.replace(url);
      timer = setInterval(() => {
        // While the user is in a window that only looks closed, this page has no focus.
        if (!opened.closed || !document.hasFocus()) return;
        clearInterval(timer);
        onEnd(null);
      }, LOOK_MS);
    },
  };
}
