import { randomBytes } from "node:crypto";
import { afterEach, expect, test, vi } from "vitest";
import {
  CalStoreError,
  CalUserInUseError,
  encryptedTokenStore,
  memoryTokenStore,
  type TokenRecord,
  type TokenStore,
} from "../../../src/index.js";
import { CheckedStore } from "../../../src/tokens/checked-store.js";
import { rejection, tokensOf } from "../../support/client.js";

afterEach(() => {
  vi.useRealTimers();
});

const ada = tokensOf("ada");

/** A memory store with Ada's record, some of its methods replaced. */
async function checkedStore(replaced: Partial<TokenStore> = {}): Promise<CheckedStore> {
  const store = memoryTokenStore();
  await store.set(ada, { ifVersion: null });
  return new CheckedStore({ ...store, ...replaced });
}

/** A store that returns Ada's record with these fields. */
async function storeReturning(fields: Record<string, unknown>): Promise<CheckedStore> {
  const store = memoryTokenStore();
  const record = await store.set(ada, { ifVersion: null });
  return new CheckedStore({ ...store, get: () => Promise.resolve({ ...record, ...fields } as TokenRecord) });
}

test("records pass through, and null for a user without one", async () => {
  const store = await checkedStore();
  const record = await store.get("ada");
  expect(record).toMatchObject({ userId: "ada", calAccessToken: ada.calAccessToken });
  expect(await store.get("grace")).toBeNull();
  expect(await store.set(ada, { ifVersion: record!.version + 1 })).toBeNull();
  expect(await store.delete("ada")).toBe(true);
});

test("an error of the database driver becomes a CalStoreError without the tokens of the write", async () => {
  const failure = new Error(`INSERT failed: ('${ada.calAccessToken}', '${ada.calRefreshToken!}')`);
  const store = await checkedStore({ set: () => Promise.reject(failure) });
  const error = (await rejection(store.set(ada, { ifVersion: null }))) as CalStoreError;
  expect(error).toBeInstanceOf(CalStoreError);
  expect((error.cause as Error).message).toContain("INSERT failed");
  expect(JSON.stringify([error.message, (error.cause as Error).message])).not.toContain("stored-");
});

test("an error of calbridge, such as CalUserInUseError, passes through", async () => {
  const store = await checkedStore();
  const sameCalUser = { ...tokensOf("grace"), calUserId: ada.calUserId };
  expect(await rejection(store.set(sameCalUser, { ifVersion: null }))).toBeInstanceOf(CalUserInUseError);
});

test.each<[string, unknown]>([
  ["calAccessToken", ""],
  ["calAccessToken", undefined],
  ["calRefreshToken", undefined],
  ["calRefreshToken", 5],
  ["version", "1"],
  ["version", 1.5],
  ["calAccessTokenExpiresAt", "2027-01-04T09:00:00Z"],
  ["calAccessTokenExpiresAt", new Date(Number.NaN)],
  ["calRefreshTokenExpiresAt", undefined],
  ["calUserId", "101"],
])("a record with the %s %o is rejected", async (field, value) => {
  const store = await storeReturning({ [field]: value });
  const error = (await rejection(store.get("ada"))) as CalStoreError;
  expect(error).toBeInstanceOf(CalStoreError);
  if (field !== "calUserId") expect(error.message).toContain(field);
});

test("encrypted tokens that were read without encryptedTokenStore() are rejected, with advice", async () => {
  const inner = memoryTokenStore();
  await encryptedTokenStore(inner, { keys: { k1: randomBytes(32) } }).set(ada, { ifVersion: null });
  const error = (await rejection(new CheckedStore(inner).get("ada"))) as CalStoreError;
  expect(error).toBeInstanceOf(CalStoreError);
  expect(error.message).toContain("encryptedTokenStore(store, { keys })");
});

test("a call of the store that never ends rejects after 30 seconds", async () => {
  vi.useFakeTimers();
  const store = await checkedStore({ get: () => new Promise(() => undefined) });
  const error = rejection(store.get("ada"));
  await vi.advanceTimersByTimeAsync(30_000);
  expect(await error).toBeInstanceOf(CalStoreError);
  expect(vi.getTimerCount(), "timers that still run").toBe(0);
});

test("in a store without leases, each process can always acquire the lease", async () => {
  const { get, set, delete: remove } = memoryTokenStore();
  const store = new CheckedStore({ get, set, delete: remove });
  expect(store.hasLease).toBe(false);
  expect(await store.acquireLease("ada", { owner: "a", ttlMs: 1_000 })).toBe(true);
  expect(await store.acquireLease("ada", { owner: "b", ttlMs: 1_000 })).toBe(true);
  await expect(store.releaseLease("ada", { owner: "a" })).resolves.toBeUndefined();
});
