import type { TokenStore } from "../../tokens/token-store.js";
import type { CaseContext } from "./assertions.js";
import { leaseRules } from "./lease-rules.js";
import { recordRules } from "./record-rules.js";
import { versionRules } from "./version-rules.js";

export { TokenStoreContractError } from "./assertions.js";

/** A store to test, and what the test can do around it. */
export interface TokenStoreHarness {
  store: TokenStore;
  /** Turns the clock that the store's leases go by. Default: the cases wait, never longer than 100 ms. */
  advance?: ((ms: number) => void | Promise<void>) | undefined;
  /** Called when the case is over. */
  close?: (() => void | Promise<void>) | undefined;
}

/** Makes the store that a case is to test. It may hold other users' records. */
export type MakeTokenStore = () => TokenStore | TokenStoreHarness | Promise<TokenStore | TokenStoreHarness>;

/** Options of {@link tokenStoreContract}. */
export interface TokenStoreContractOptions {
  /**
   * `false` for a store that is never shared between processes and so has no `lease` and `release`. The
   * cases about leases are left out then. Default: `true`.
   */
  lease?: boolean | undefined;
}

/** A rule and its test, for any test runner. */
export interface ContractCase {
  /** The rule, in words. */
  name: string;
  /** Rejects with a {@link TokenStoreContractError} if the store breaks the rule. */
  run: () => Promise<void>;
}

/**
 * What every token store must keep, as cases for `node:test`, vitest, jest or any other runner.
 *
 * @example
 * ```ts
 * import { test } from "node:test";
 * import { tokenStoreContract } from "calbridge/testing";
 *
 * for (const { name, run } of tokenStoreContract(() => myTokenStore())) test(name, run);
 * ```
 */
export function tokenStoreContract(
  makeStore: MakeTokenStore,
  options: TokenStoreContractOptions = {},
): ContractCase[] {
  // Checked although it has a type: plain JavaScript is welcome, and a case would say it once for each rule.
  if (typeof makeStore !== "function") {
    throw new TypeError(
      "tokenStoreContract takes a function that makes the store: " +
        "tokenStoreContract(() => myTokenStore(), { lease: false }). Without lease: false, leases are tested too.",
    );
  }
  const rules = [...recordRules, ...versionRules, ...(options.lease === false ? [] : leaseRules)];
  return rules.map(({ name, check }) => ({
    name,
    run: async () => {
      const harness = toHarness(await makeStore());
      try {
        await check(caseContext(harness));
      } finally {
        await harness.close?.();
      }
    },
  }));
}

function toHarness(made: unknown): TokenStoreHarness {
  if (typeof made !== "object" || made === null) {
    throw new TypeError("The function must answer a token store, or { store, advance?, close? }.");
  }
  return "store" in made ? (made as TokenStoreHarness) : { store: made as TokenStore };
}

function caseContext({ store, advance }: TokenStoreHarness): CaseContext {
  const run = crypto.randomUUID();
  return {
    store,
    userId: (name) => `${run}-${name}`,
    advance: async (ms) => {
      if (advance) await advance(ms);
      else await new Promise((resolve) => setTimeout(resolve, ms));
    },
  };
}
