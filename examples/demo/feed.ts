import type { CalHooks } from "calbridge";
import type { FeedEntry } from "./page/server-panel-state.js";

/** The events of the server, in order. */
export interface Feed {
  hooks: CalHooks;
  /** The latest events, newest last. */
  entries: () => FeedEntry[];
  /** Adds an injected fault, or a failure of the handlers. */
  add: (entry: Pick<FeedEntry, "text" | "fault" | "isFailure">) => void;
  /** Calls the listener after each event. Returns a function that removes it. */
  subscribe: (listener: () => void) => () => void;
}

const MAX_ENTRIES = 80;

/** Collects the events of a client from its hooks, which receive no secrets. */
export function createFeed(): Feed {
  const entries: FeedEntry[] = [];
  const listeners = new Set<() => void>();
  let count = 0;
  const add = (entry: Omit<FeedEntry, "id" | "at">): void => {
    entries.push({ id: ++count, at: new Date().toISOString().slice(11, 19), ...entry });
    if (entries.length > MAX_ENTRIES) entries.shift();
    for (const listener of listeners) listener();
  };
  return {
    hooks: {
      onResponse: ({ method, path, status, error, durationMs }) =>
        add({
          kind: "call",
          text: `${method} ${path}`,
          outcome: status === undefined ? (error ?? "aborted") : String(status),
          isFailure: status === undefined || status >= 400,
          durationMs: Math.round(durationMs),
        }),
      onTokenRefresh({ userId, outcome, fingerprint, error, durationMs }) {
        add({
          kind: "tokens",
          text: `${userId}: ${error ?? `token ${fingerprint ?? "?"}`}`,
          outcome,
          isFailure: outcome === "failed",
          durationMs: Math.round(durationMs),
        });
      },
    },
    entries: () => [...entries],
    add: (entry) => add({ kind: "fault", ...entry }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
