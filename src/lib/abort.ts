/** One signal, and who wants to hear of its end. */
interface Watch {
  waiting: Set<() => void>;
  end: () => void;
}

const watches = new WeakMap<AbortSignal, Watch>();

/**
 * Calls back when the signal is aborted. Answers how to stop that, and whoever is done has to.
 *
 * However many wait, the signal has one listener of ours: an application may give one signal to all of its
 * calls, and Node warns of a leak when a signal has more than ten.
 */
export function onAbort(signal: AbortSignal, tell: () => void): () => void {
  const { waiting, end } = watches.get(signal) ?? watch(signal);
  // Of its own for each: the same function may wait twice.
  const waiter = () => tell();
  waiting.add(waiter);
  return () => {
    if (waiting.delete(waiter) && waiting.size === 0) end();
  };
}

function watch(signal: AbortSignal): Watch {
  const waiting = new Set<() => void>();
  const end = () => {
    watches.delete(signal);
    signal.removeEventListener("abort", listener);
  };
  const listener = () => {
    watches.delete(signal);
    for (const tell of waiting) tell();
  };
  signal.addEventListener("abort", listener);
  const made = { waiting, end };
  watches.set(signal, made);
  return made;
}
