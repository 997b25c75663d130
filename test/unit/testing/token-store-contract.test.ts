import { describe, expect, test } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import {
  tokenStoreContract,
  TokenStoreContractError,
  type MakeTokenStore,
} from "../../../src/testing/contract/token-store-contract.js";
import { brokenAttempts } from "./broken-stores/attempts.js";
import { brokenCalUsers } from "./broken-stores/cal-users.js";
import { brokenLeases } from "./broken-stores/leases.js";
import { brokenReassigns } from "./broken-stores/reassigns.js";
import { brokenRecords } from "./broken-stores/records.js";
import { brokenVersions } from "./broken-stores/versions.js";

const brokenStores = [
  ...brokenRecords,
  ...brokenVersions,
  ...brokenCalUsers,
  ...brokenLeases,
  ...brokenAttempts,
  ...brokenReassigns,
];

/** The names of the cases that fail, with their errors. */
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

describe("what an adapter author may pass", () => {
  test("the store alone: the cases wait for its leases and attempts to expire", async () => {
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

  test("a store without list, attempts and reassign", async () => {
    const { get, set, delete: remove, acquireLease, releaseLease } = memoryTokenStore();
    expect(await failures(() => ({ get, set, delete: remove, acquireLease, releaseLease }))).toEqual(
      new Map(),
    );
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

test("a failure names the user id, and the sizes of what was written and returned", async () => {
  const failed = await failures(() => {
    const store = memoryTokenStore();
    return {
      ...store,
      set: (record, options) => {
        if (record.userId.length > 255) return Promise.resolve(null);
        return store.set({ ...record, calAccessToken: record.calAccessToken.slice(0, 65_535) }, options);
      },
    };
  });
  const messages = [...failed.values()].map((error) => (error as Error).message).join("\n");
  expect(messages).toContain(`the user id "${"a".repeat(40)}"... (501 characters, 501 bytes)`);
  expect(messages).toContain("(65535 characters, 65535 bytes) instead of");
  expect(messages).toContain("(131073 characters, 131073 bytes)");
});
