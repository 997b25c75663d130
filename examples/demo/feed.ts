import type { CalHooks } from "calbridge";
import type { FeedEntry } from "./page/underneath-state.js";

/** What happens underneath, in order. */
export interface Feed {
  hooks: CalHooks;
  /** The latest entries, newest last. */
  entries: () => FeedEntry[];
  /** Trouble that was made, or something that went wrong. */
  tell: (entry: Pick<FeedEntry, "text" | "trouble" | "isBad">) => void;
  /** Calls back after each entry. Answers how to stop that. */
  subscribe: (listener: () => void) => () => void;
}

const MOST_ENTRIES = 80;

/** Listens to a client by its hooks, which are told no secret. */
export function createFeed(): Feed {
  const entries: FeedEntry[] = [];
  const listeners = new Set<() => void>();
  let count = 0;
  const add = (entry: Omit<FeedEntry, "id" | "at">): void => {
    entries.push({ id: ++count, at: new Date().toISOString().slice(11, 19), ...entry });
    if (entries.length > MOST_ENTRIES) entries.shift();
    for (const listener of listeners) listener();
  };
  return {
    hooks: {
      onResponse: ({ method, path, status, error, durationMs }) =>
        add({
          kind: "call",
          text: `${method} ${path}`,
          outcome: status === undefined ? (error ?? "given up") : String(status),
          isBad: status === undefined || status >= 400,
          durationMs: Math.round(durationMs),
        }),
      onTokenRefresh({ userId, outcome, fingerprint, error, durationMs }) {
        add({
          kind: "tokens",
          text: `${userId}: ${error ?? `token ${fingerprint ?? "?"}`}`,
          outcome,
          isBad: outcome === "failed",
          durationMs: Math.round(durationMs),
        });
      },
    },
    entries: () => [...entries],
    tell: (entry) => add({ kind: "trouble", ...entry }),
    subscribe(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}
