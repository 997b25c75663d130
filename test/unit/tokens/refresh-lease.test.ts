import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryTokenStore, type TokenStore } from "../../../src/index.js";
import { CheckedStore } from "../../../src/tokens/checked-store.js";
import { RefreshLease } from "../../../src/tokens/refresh-lease.js";
import { deferred } from "../../support/deferred.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The lease of one process, over this store. */
function leaseOver(store: TokenStore) {
  const warn = vi.fn();
  return { warn, lease: new RefreshLease({ store: new CheckedStore(store), now: Date.now, warn }) };
}

/** Whether another process can acquire Ada's lease now. If it can, it releases the lease again. */
async function isFree(store: TokenStore): Promise<boolean> {
  const other = { owner: "another process" };
  const isAcquired = await store.acquireLease!("ada", { ...other, ttlMs: 1 });
  if (isAcquired) await store.releaseLease!("ada", other);
  return isAcquired;
}

test("of two processes one acquires the lease, and the same process can acquire it again", async () => {
  const store = memoryTokenStore();
  const [first, second] = [leaseOver(store).lease, leaseOver(store).lease];
  expect(await first.acquire("ada")).toBe(true);
  expect(await second.acquire("ada")).toBe(false);
  expect(await first.acquire("ada")).toBe(true);
  expect(await second.acquire("grace")).toBe(true);
});

test("a lease that is held for a minute stays this process's, and is free after the release", async () => {
  const store = memoryTokenStore();
  const { lease } = leaseOver(store);
  await lease.acquire("ada");
  const { release } = lease.hold("ada");
  for (let seconds = 0; seconds < 60; seconds += 1) {
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await isFree(store), `after ${String(seconds)} seconds`).toBe(false);
  }
  await release();
  expect(await isFree(store)).toBe(true);
  expect(vi.getTimerCount(), "timers that still run").toBe(0);
});

test("the lease of a process that died becomes free by itself", async () => {
  const store = memoryTokenStore();
  await leaseOver(store).lease.acquire("ada");
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await isFree(store)).toBe(true);
});

test("the release waits for a renewal in flight, which would otherwise take the lease again", async () => {
  const store = memoryTokenStore();
  const renewal = deferred();
  let calls = 0;
  const { lease } = leaseOver({
    ...store,
    acquireLease: async (...args) => {
      calls += 1;
      if (calls > 1) await renewal.promise;
      return store.acquireLease(...args);
    },
  });
  await lease.acquire("ada");
  const { release } = lease.hold("ada");
  while (calls < 2) await vi.advanceTimersByTimeAsync(500);
  const released = release();
  await vi.advanceTimersByTimeAsync(0);
  renewal.resolve();
  await released;
  expect(await isFree(store)).toBe(true);
});

test("a store that fails to renew or to release the lease causes warnings and no error", async () => {
  const failing = () => Promise.reject(new Error("the database is down"));
  const { lease, warn } = leaseOver({ ...memoryTokenStore(), acquireLease: failing, releaseLease: failing });
  const { release } = lease.hold("ada");
  await vi.advanceTimersByTimeAsync(10_000);
  const renewals = warn.mock.calls.length;
  expect(renewals).toBeGreaterThan(0);
  await expect(release()).resolves.toBeUndefined();
  expect(warn.mock.calls.length).toBe(renewals + 1);
});

test("two pieces of work in one process exclude each other as two processes do", async () => {
  const { lease } = leaseOver(memoryTokenStore());
  const [link, refresh] = [{}, {}];
  expect(await Promise.all([lease.acquire("ada", link), lease.acquire("ada", refresh)])).toEqual([
    true,
    false,
  ]);
  const { release } = lease.hold("ada", link);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(await lease.acquire("ada", refresh)).toBe(false);
  await release();
  expect(await lease.acquire("ada", refresh)).toBe(true);
});

test("work that a runtime has stopped, with its timers, does not hold the lease for ever", async () => {
  const { lease } = leaseOver(memoryTokenStore());
  await lease.acquire("ada", {});
  expect(await lease.acquire("ada", {})).toBe(false);
  await vi.advanceTimersByTimeAsync(8_000);
  expect(await lease.acquire("ada", {})).toBe(true);
});

test("a lease is fresh for half its time; after a freeze it is not, and other work of the process can have it", async () => {
  const { lease } = leaseOver(memoryTokenStore());
  const [frozen, next] = [{}, {}];
  await lease.acquire("ada", frozen);
  const held = lease.hold("ada", frozen);
  await vi.advanceTimersByTimeAsync(60_000);
  expect(held.isFresh()).toBe(true);
  // The clocks go on, and no timer runs.
  vi.setSystemTime(Date.now() + 60_000);
  expect(held.isFresh()).toBe(false);
  expect(await lease.acquire("ada", next)).toBe(true);
  expect(held.isFresh()).toBe(false);
  // Its release leaves the lease to the other work.
  await held.release();
  expect(await lease.acquire("ada", {})).toBe(false);
});

test("a store that is slow to respond is asked less often by those who wait for a lease", async () => {
  const asked = async (responseMs: number): Promise<number> => {
    let count = 0;
    const { lease } = leaseOver({
      ...memoryTokenStore(),
      acquireLease: async () => {
        count += 1;
        await new Promise((resolve) => setTimeout(resolve, responseMs));
        return false;
      },
    });
    const waiting = lease.wait("ada", () => Promise.resolve(null)).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(30_000);
    const soFar = count;
    await vi.advanceTimersByTimeAsync(120_000);
    await waiting;
    return soFar;
  };
  expect(await asked(1)).toBeGreaterThan(60);
  expect(await asked(1_000)).toBeLessThanOrEqual(11);
});
