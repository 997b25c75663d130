import type { CalHooks, ConnectionChange } from "calbridge";
import type { FeedEntry } from "./page/server-panel-state.js";

/** The events of the server, in order. */
export interface Feed {
  hooks: CalHooks;
  /** The latest events, newest last. */
  entries: () => FeedEntry[];
  /** What the application was told of users' connections, newest first. */
  changes: () => ConnectionChange[];
  /** Adds an injected fault, or a failure of the handlers. */
  add: (entry: Pick<FeedEntry, "text" | "fault" | "isFailure">) => void;
  /** Calls the listener after each event. Returns a function that removes it. */
  subscribe: (listener: () => void) => () => void;
}

const MAX_ENTRIES = 80;
const MAX_CHANGES = 20;

/** Collects the events of a client from its hooks, which receive no secrets. */
export function createFeed(): Feed {
  const entries: FeedEntry[] = [];
  const changes: ConnectionChange[] = [];
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
      // A real application writes to the user here.
      onConnectionChange(change) {
        // The same change may be told twice.
        if (changes.some(({ id }) => id === change.id)) return;
        changes.unshift(change);
        changes.splice(MAX_CHANGES);
        const { userId, connection, from, to } = change;
        add({
          kind: "connection",
          text: `${userId}: ${connection?.name ?? "Cal.com account"} was ${from}`,
          outcome: to,
          isFailure: to !== "connected",
        });
      },
    },
    entries: () => [...entries],
    changes: () => [...changes],
    add: (entry) => add({ kind: "fault", ...entry }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
