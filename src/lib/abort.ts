/** The listeners of one signal, and how to stop listening to it. */
interface Watch {
  listeners: Set<() => void>;
  stop: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls the listener when the signal is aborted. Returns a function that removes the listener; the caller has to call
 * it when its work ends.
 *
 * All listeners share one event listener on the signal: an application may pass one signal to all of its calls, and
 * Node warns of a memory leak when a signal has more than ten.
 */
export function onAbort(signal: AbortSignal, listener: () => void): () => void {
  const { listeners, stop } = watches.get(signal) ?? watch(signal);
  // A function of its own: the same listener may be added twice.
  const entry = () => listener();
  listeners.add(entry);
  return () => {
    if (listeners.delete(entry) && listeners.size === 0) stop();
  };
}

function watch(signal: AbortSignal): Watch {
  const listeners = new Set<() => void>();
  const stop = () => {
    watches.delete(signal);
    signal.removeEventListener("abort", callListeners);
  };
  const callListeners = () => {
    watches.delete(signal);
    for (const listener of listeners) listener();
  };
  signal.addEventListener("abort", callListeners);
  const created = { listeners, stop };
  watches.set(signal, created);
  return created;
}
