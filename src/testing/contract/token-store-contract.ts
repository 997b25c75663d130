import type { TokenStore } from "../../tokens/token-store.js";
import { isInUse, TokenStoreContractError, type CaseContext } from "./assertions.js";
import { attemptRules } from "./attempt-rules.js";
import { calUserRules } from "./cal-user-rules.js";
import { leaseRules } from "./lease-rules.js";
import { reassignRules } from "./reassign-rules.js";
import { recordRules } from "./record-rules.js";
import { versionRules } from "./version-rules.js";

export { TokenStoreContractError } from "./assertions.js";

/** A store to test, and what the test can do around it. */
export interface TokenStoreHarness {
  store: TokenStore;
  /**
   * Lets time pass on the clock by which the store's leases and attempts expire.
   * @defaultValue waits; never longer than 100 ms at a time
   */
  advance?: ((ms: number) => void | Promise<void>) | undefined;
  /** Called after the case. */
  close?: (() => void | Promise<void>) | undefined;
}

/** Makes the store that a case is to test. It may contain other users' records. */
export type MakeTokenStore = () => TokenStore | TokenStoreHarness | Promise<TokenStore | TokenStoreHarness>;

/** Options of {@link tokenStoreContract}. */
export interface TokenStoreContractOptions {
  /**
   * `false` for a store that is never shared between processes and so has no `acquireLease` and `releaseLease`. The
   * cases about leases are left out then.
   * @defaultValue `true`
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
 * The rules for every token store, as cases for `node:test`, vitest, jest or any other runner. The rules about the
 * optional `list`, `reassign` and attempts are tested if the store has them.
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
  // Checked although it has a type: JavaScript has none, and each case would fail with the same error.
  if (typeof makeStore !== "function") {
    throw new TypeError(
      "tokenStoreContract takes a function that makes the store: " +
        "tokenStoreContract(() => myTokenStore(), { lease: false }). Without lease: false, leases are tested too.",
    );
  }
  const rules = [
    ...recordRules,
    ...versionRules,
    ...calUserRules,
    ...(options.lease === false ? [] : leaseRules),
    ...attemptRules,
    ...reassignRules,
  ];
  return rules.map(({ name, check }) => ({
    name,
    run: async () => {
      const harness = toHarness(await makeStore());
      try {
        // Rules that are about this error expect it.
        if (await isInUse(check(caseContext(harness)))) {
          throw new TokenStoreContractError("the store rejected with CalUserInUseError where it should not");
        }
      } finally {
        await harness.close?.();
      }
    },
  }));
}

function toHarness(made: unknown): TokenStoreHarness {
  if (typeof made !== "object" || made === null) {
    throw new TypeError("The function must return a token store, or { store, advance?, close? }.");
  }
  return "store" in made ? (made as TokenStoreHarness) : { store: made as TokenStore };
}

function caseContext({ store, advance }: TokenStoreHarness): CaseContext {
  const run = crypto.randomUUID();
  return {
    store,
    userId: (name) => `${run}-${name}`,
    calServer: run.replaceAll("-", ""),
    advance: async (ms) => {
      if (advance) await advance(ms);
      else await new Promise((resolve) => setTimeout(resolve, ms));
    },
  };
}
