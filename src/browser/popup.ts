import { returnedIn, type Returned } from "./returned.js";

const WIDTH = 520;
const HEIGHT = 720;
// How often to look whether the user has closed the window: browsers send no event.
const LOOK_MS = 500;

/** A window for a consent page. */
export interface Popup {
  /** The id under which the page at the end of the flow reports. */
  id: string;
  show: (url: string) => void;
  /** Closes the window and stops listening, if the consent page can't be shown. */
  cancel: () => void;
  /** Stops listening, and leaves the window open: the user may be in the middle of it. */
  release: () => void;
}

/** What a popup calls. */
interface PopupListener {
  onReturn: (returned: Returned) => void;
  /**
   * The user has closed the window, or has come back to the page. It may still report: a provider's page with a
   * `Cross-Origin-Opener-Policy` looks to this page as if it was closed.
   */
  onClose: () => void;
}

/** Opens an empty window: browsers allow it in the click only. `null` if they don't, or have no `BroadcastChannel`. */
export function openPopup({ onReturn, onClose }: PopupListener): Popup | null {
  if (typeof BroadcastChannel !== "function") return null;
  const left = Math.max(0, screenX + (outerWidth - WIDTH) / 2);
  const top = Math.max(0, screenY + (outerHeight - HEIGHT) / 2);
  const size = `popup,width=${WIDTH},height=${HEIGHT},left=${left},top=${top}`;
  const opened = window.open("about:blank", "_blank", size);
  if (!opened || opened.closed) return null;
  // The provider's page must not be able to navigate this one.
  opened.opener = null;

  const id = Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) =>
    byte.toString(16).padStart(2, "0"),
  ).join("");
  const channel = new BroadcastChannel(`calbridge:${id}`);
  let timer: ReturnType<typeof setInterval> | undefined;
  const release = (): void => {
    clearInterval(timer);
    channel.close();
  };
  channel.onmessage = ({ data }) => {
    const { type, id: from, returned } = Object(data) as Record<string, unknown>;
    const result = type === "calbridge" && from === id ? returnedIn(String(returned)) : null;
    if (!result) return;
    release();
    onReturn(result);
  };
  return {
    id,
    show(url) {
      // In place of the empty page, so that the Back button does not lead to it.
      opened.location.replace(url);
      timer = setInterval(() => {
        if (!opened.closed || !document.hasFocus()) return;
        clearInterval(timer);
        onClose();
      }, LOOK_MS);
    },
    cancel() {
      release();
      opened.close();
    },
    release,
  };
}
