import type { ConnectionStore } from "../../stores/connection-store.js";
import { connectionProcessRules, runConnectionJob, type ConnectionJob } from "./connection-process-rules.js";
import { RemoteStore, serveJobs, type StoreProcess } from "./remote-store.js";
import type { ContractCase } from "./token-store-contract.js";

/** Options of {@link connectionStoreProcessContract}. */
export interface ConnectionStoreProcessContractOptions {
  /** The same store, as the test's own process sees it. */
  makeStore: () => ConnectionStore | Promise<ConnectionStore>;
  /** Starts a process that calls {@link serveConnectionStore} with the same store. */
  start: () => StoreProcess;
  /**
   * How many processes a case runs at once, at least 2.
   * @defaultValue `4`
   */
  processes?: number | undefined;
}

/**
 * More rules for a connection store that several processes share: cases with real processes, some of which are killed.
 * Run them one after another.
 */
export function connectionStoreProcessContract(
  options: ConnectionStoreProcessContractOptions,
): ContractCase[] {
  const given = options as { makeStore?: unknown; start?: unknown } | undefined;
  if (typeof given?.makeStore !== "function" || typeof given.start !== "function") {
    throw new TypeError(
      "connectionStoreProcessContract takes { makeStore: () => myConnectionStore(), start: () => fork(...) }.",
    );
  }
  return connectionProcessRules.map(({ name, check }) => ({
    name: `processes: ${name}`,
    run: async () => {
      const store = await options.makeStore();
      const start = () => new RemoteStore<ConnectionJob>(options.start(), "serveConnectionStore");
      const processes = Array.from({ length: options.processes ?? 4 }, start);
      const userIds = Array.from({ length: 60 }, () => crypto.randomUUID());
      try {
        await Promise.all(processes.map((process) => process.ready()));
        await check({ store, processes, userIds });
      } finally {
        await Promise.all(processes.map((process) => process.kill()));
        // A user who stays due would be claimed by the next case.
        for (const userId of userIds) await store.delete(userId);
      }
    },
  }));
}

/**
 * Lets this process do what a {@link connectionStoreProcessContract} in its parent asks for, with the given store. For a
 * process that was started with a channel, as `child_process.fork` does. Ends with its parent.
 */
export function serveConnectionStore(store: ConnectionStore): void {
  serveJobs("serveConnectionStore", (job) => runConnectionJob(store, job as ConnectionJob));
}
