import { describe, expect, test } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import {
  tokenStoreContract,
  TokenStoreContractError,
  type MakeTokenStore,
} from "../../../src/testing/contract/token-store-contract.js";
import { brokenLeases } from "./broken-stores/leases.js";
import { brokenRecords } from "./broken-stores/records.js";
import { brokenVersions } from "./broken-stores/versions.js";

const brokenStores = [...brokenRecords, ...brokenVersions, ...brokenLeases];

/** The names of the cases that fail, with what they say. */
async function failures(makeStore: MakeTokenStore): Promise<Map<string, unknown>> {
  const failed = new Map<string, unknown>();
  for (const { name, run } of tokenStoreContract(makeStore)) {
    await run().catch((error: unknown) => failed.set(name, error));
  }
  return failed;
}

describe("a store with a fault fails the case that names the rule", () => {
  for (const { fault, rule, make } of brokenStores) {
    test(`${fault}: ${rule}`, async () => {
      const failed = await failures(() => {
        let time = 1e12;
        return { store: make(() => time), advance: (ms) => void (time += ms) };
      });
      expect([...failed.keys()]).toContain(rule);
      for (const error of failed.values()) expect(error).toBeInstanceOf(TokenStoreContractError);
    });
  }

  test("every rule has a store that breaks it", () => {
    const names = tokenStoreContract(() => memoryTokenStore()).map(({ name }) => name);
    expect([...new Set(brokenStores.map(({ rule }) => rule))].sort()).toEqual(names.sort());
  });
});

describe("what an adapter author may give", () => {
  test("the store alone: the cases wait for its leases to end", async () => {
    expect(await failures(() => memoryTokenStore())).toEqual(new Map());
  });

  test("a store without leases: its cases are left out when it says so", async () => {
    const store: TokenStore = memoryTokenStore();
    delete store.acquireLease;
    delete store.releaseLease;
    const all = tokenStoreContract(() => store);
    const without = tokenStoreContract(() => store, { lease: false });
    expect(all.filter(({ name }) => !name.startsWith("lease:")).map(({ name }) => name)).toEqual(
      without.map(({ name }) => name),
    );
    for (const { run } of without) await run();
    const [lease] = all.filter(({ name }) => name.startsWith("lease:"));
    await expect(lease!.run()).rejects.toThrow("{ lease: false }");
  });

  test("a close, called after each case, passed or not", async () => {
    let open = 0;
    const makeStore = () => {
      open += 1;
      return Promise.resolve({
        store: { ...memoryTokenStore(), get: () => Promise.resolve(null) },
        close: () => void (open -= 1),
      });
    };
    await failures(makeStore);
    expect(open).toBe(0);
  });
});
