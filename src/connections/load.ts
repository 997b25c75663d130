import type { Logger } from "../api/hooks.js";
import type { ConnectionStore } from "../stores/connection-store.js";
import type { ConnectionReports, UserContext } from "../users/context.js";
import type { Connections } from "./connections.js";
import type { ConnectionChange } from "./types.js";

interface LoaderOptions {
  connectionStore: ConnectionStore | undefined;
  hooks: { onConnectionChange?: ((change: ConnectionChange) => unknown) | undefined };
  logger: Logger | undefined;
}

/** How to load what checks connections. An application without a connection store never does. */
export function connectionsLoader(
  users: UserContext,
  { connectionStore, hooks, logger }: LoaderOptions,
): (() => Promise<Connections>) | undefined {
  if (!connectionStore) return undefined;
  let loading: Promise<Connections> | undefined;
  return () =>
    (loading ??= import("./connections.js").then(({ createConnections }) =>
      createConnections({ users, connectionStore, onConnectionChange: hooks.onConnectionChange, logger }),
    ));
}

/** What users' calls report. What they see of connections is noted in the background. */
export function connectionReports(
  load: () => Promise<Connections>,
  { waitUntil, warn }: UserContext["options"],
): ConnectionReports {
  const running = new Set<Promise<void>>();
  const report = (userId: string, work: (connections: Connections) => Promise<void>): void => {
    const reported = load()
      .then(work)
      // The call has succeeded, and the user is checked within a day anyway.
      .catch((error: unknown) =>
        warn("calbridge: what a call saw of a user's connections could not be noted", { userId, error }),
      )
      .finally(() => running.delete(reported));
    running.add(reported);
    waitUntil(reported);
  };
  return {
    changed: (userId) => report(userId, ({ watcher }) => watcher.changed(userId)),
    saw: (userId, list) => report(userId, ({ watcher }) => watcher.saw(userId, list)),
    failed: (userId, provider) => report(userId, ({ watcher }) => watcher.failed(userId, provider)),
    lost: (userId) => report(userId, ({ watcher }) => watcher.lost(userId)),
    forget: async (userId) => (await load()).store.delete(userId),
    moved: (from, to) =>
      load()
        .then((connections) => connections.move(from, to))
        // The user has the new id all the same, and is seen for the first time at the next check.
        .catch((error: unknown) =>
          warn("calbridge: what is known of connections could not be moved", { userId: to, error }),
        ),
    settled: () => Promise.all(running),
  };
}
