import type { TokenStore } from "../../tokens/token-store.js";
import { runJob, type Job } from "./jobs.js";
import { processRules, sharedLeaseRules } from "./process-rules.js";
import { RemoteStore, serveJobs, type StoreProcess } from "./remote-store.js";
import type { ContractCase } from "./token-store-contract.js";

export type { StoreProcess } from "./remote-store.js";

/** Options of {@link tokenStoreProcessContract}. */
export interface TokenStoreProcessContractOptions {
  /** The same store, as the test's own process sees it. */
  makeStore: () => TokenStore | Promise<TokenStore>;
  /** Starts a process that calls {@link serveTokenStore} with the same store. */
  start: () => StoreProcess;
  /**
   * How many processes a case runs at once, at least 2.
   * @defaultValue `4`
   */
  processes?: number | undefined;
  /**
   * `false` for a store without `acquireLease`: the cases about leases are left out.
   * @defaultValue `true`
   */
  lease?: boolean | undefined;
}

/**
 * More rules for a store that several processes share: cases with real processes, some of which are killed. You start
 * the processes, so they run with whatever loads your code.
 *
 * @example
 * ```ts
 * // store-process.js
 * import { serveTokenStore } from "calbridge/testing";
 * serveTokenStore(myTokenStore());
 *
 * // store.test.js
 * const cases = tokenStoreProcessContract({
 *   makeStore: () => myTokenStore(),
 *   start: () => fork(new URL("store-process.js", import.meta.url)),
 * });
 * for (const { name, run } of cases) test(name, run);
 * ```
 */
export function tokenStoreProcessContract(options: TokenStoreProcessContractOptions): ContractCase[] {
  const given = options as { makeStore?: unknown; start?: unknown } | undefined;
  if (typeof given?.makeStore !== "function" || typeof given.start !== "function") {
    throw new TypeError(
      "tokenStoreProcessContract takes { makeStore: () => myTokenStore(), start: () => fork(...) }.",
    );
  }
  const rules = [...processRules, ...(options.lease === false ? [] : sharedLeaseRules)];
  return rules.map(({ name, check }) => ({
    name: `processes: ${name}`,
    run: async () => {
      const store = await options.makeStore();
      const processes = Array.from(
        { length: options.processes ?? 4 },
        () => new RemoteStore<Job>(options.start(), "serveTokenStore"),
      );
      try {
        await Promise.all(processes.map((process) => process.ready()));
        const run = crypto.randomUUID();
        await check(store, processes, { userId: `${run}-ada`, calServer: run.replaceAll("-", "") });
      } finally {
        await Promise.all(processes.map((process) => process.kill()));
      }
    },
  }));
}

/**
 * Lets this process do what a {@link tokenStoreProcessContract} in its parent asks for, with the given store. For a
 * process that was started with a channel, as `child_process.fork` does. Ends with its parent.
 */
export function serveTokenStore(store: TokenStore): void {
  serveJobs("serveTokenStore", (job) => runJob(store, job as Job));
}
