import type { ConnectionStore } from "../../stores/connection-store.js";
import type { ConnectionCaseContext } from "./connection-assertions.js";
import { connectionClaimRules } from "./connection-claim-rules.js";
import { connectionStateRules } from "./connection-state-rules.js";
import { makeDueRules } from "./make-due-rules.js";
import type { ContractCase } from "./token-store-contract.js";

export { ConnectionStoreContractError } from "./connection-assertions.js";

/** A connection store to test, and what the test can do around it. */
export interface ConnectionStoreHarness {
  store: ConnectionStore;
  /**
   * Lets time pass on the store's clock.
   * @defaultValue waits; never longer than 100 ms at a time
   */
  advance?: ((ms: number) => void | Promise<void>) | undefined;
  /** Called after the case. */
  close?: (() => void | Promise<void>) | undefined;
}

/**
 * Makes the store that a case is to test. It may contain other users' states, but no other process may claim users while a
 * case runs: so not the table of a running application.
 */
export type MakeConnectionStore = () =>
  ConnectionStore | ConnectionStoreHarness | Promise<ConnectionStore | ConnectionStoreHarness>;

/**
 * The rules for every connection store, as cases for `node:test`, vitest, jest or any other runner. Run the cases one
 * after another, as they claim users of one table.
 *
 * @example
 * ```ts
 * import { test } from "node:test";
 * import { connectionStoreContract } from "calbridge/testing";
 *
 * for (const { name, run } of connectionStoreContract(() => myConnectionStore())) test(name, run);
 * ```
 */
export function connectionStoreContract(makeStore: MakeConnectionStore): ContractCase[] {
  // Checked although it has a type: JavaScript has none, and each case would fail with the same error.
  if (typeof makeStore !== "function") {
    throw new TypeError(
      "connectionStoreContract takes a function that makes the store: connectionStoreContract(() => myConnectionStore()).",
    );
  }
  return [...connectionStateRules, ...connectionClaimRules, ...makeDueRules].map(({ name, check }) => ({
    name,
    run: async () => {
      const harness = toHarness(await makeStore());
      const users = new Set<string>();
      try {
        await check(caseContext(harness, users));
      } finally {
        // A user who stays due would be claimed by the next case.
        for (const userId of users) await harness.store.delete(userId);
        await harness.close?.();
      }
    },
  }));
}

function toHarness(made: unknown): ConnectionStoreHarness {
  if (typeof made !== "object" || made === null) {
    throw new TypeError("The function must return a connection store, or { store, advance?, close? }.");
  }
  return "store" in made ? (made as ConnectionStoreHarness) : { store: made as ConnectionStore };
}

function caseContext({ store, advance }: ConnectionStoreHarness, users: Set<string>): ConnectionCaseContext {
  const run = crypto.randomUUID();
  return {
    store,
    userId: (name) => {
      const userId = `${run}-${name}`;
      users.add(userId);
      return userId;
    },
    advance: async (ms) => {
      if (advance) await advance(ms);
      else await new Promise((resolve) => setTimeout(resolve, ms));
    },
  };
}
