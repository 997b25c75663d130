import { describe, expect, test } from "vitest";
import { memoryConnectionStore } from "../../../src/stores/memory-connections.js";
import {
  connectionStoreContract,
  ConnectionStoreContractError,
  type MakeConnectionStore,
} from "../../../src/testing/contract/connection-store-contract.js";
import { brokenConnectionStores } from "./broken-stores/connections.js";

/** The names of the cases that fail, with their errors. */
async function failures(makeStore: MakeConnectionStore): Promise<Map<string, unknown>> {
  const failed = new Map<string, unknown>();
  for (const { name, run } of connectionStoreContract(makeStore)) {
    await run().catch((error: unknown) => failed.set(name, error));
  }
  return failed;
}

describe("a connection store with a fault fails the case that names the rule", () => {
  for (const { fault, rule, make } of brokenConnectionStores) {
    test(`${fault}: ${rule}`, async () => {
      const failed = await failures(() => {
        let time = 1e12;
        return { store: make(() => time), advance: (ms) => void (time += ms) };
      });
      expect([...failed.keys()]).toContain(rule);
      for (const error of failed.values()) expect(error).toBeInstanceOf(ConnectionStoreContractError);
    });
  }

  test("every rule has a store that breaks it", () => {
    const names = connectionStoreContract(() => memoryConnectionStore()).map(({ name }) => name);
    expect([...new Set(brokenConnectionStores.map(({ rule }) => rule))].sort()).toEqual(names.sort());
  });
});

describe("what an adapter author may pass", () => {
  test("the store alone: the cases wait for its claims to end", async () => {
    expect(await failures(() => memoryConnectionStore())).toEqual(new Map());
  });

  test("a store that all cases share, as a table in a database", async () => {
    const store = memoryConnectionStore();
    expect(await failures(() => store)).toEqual(new Map());
    expect(await store.claimDue({ limit: 10, leaseMs: 1 })).toEqual([]);
  });

  test("a close, called after each case, passed or not", async () => {
    let open = 0;
    await failures(() => {
      open += 1;
      return Promise.resolve({
        store: { ...memoryConnectionStore(), get: () => Promise.resolve(null) },
        close: () => void (open -= 1),
      });
    });
    expect(open).toBe(0);
  });

  test("something that is no function says what to pass", () => {
    expect(() => connectionStoreContract(memoryConnectionStore() as never)).toThrow(
      "() => myConnectionStore()",
    );
  });
});
