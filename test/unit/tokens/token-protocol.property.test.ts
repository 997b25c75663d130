import fc from "fast-check";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import { CheckedStore } from "../../../src/tokens/checked-store.js";
import { TokenCache } from "../../../src/tokens/token-cache.js";
import { SingleUseRefresh } from "../../../src/tokens/single-use-refresh.js";
import { TokenManager } from "../../../src/tokens/token-manager.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { FakeCal, HOUR_MS, type Fate } from "../../support/fake-cal.js";

const ada = "ada";

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** A store each of whose calls takes a while, and may fail before or after it took effect. */
function flakyStore(inner: TokenStore, delays: () => number, fate: () => Fate): TokenStore {
  const flaky = async <T>(work: () => Promise<T>): Promise<T> => {
    const now = fate();
    await new Promise((resolve) => setTimeout(resolve, delays()));
    if (now === "refused") throw new Error("the database is down");
    const result = await work();
    if (now === "lost") throw new Error("the connection was reset");
    return result;
  };
  return {
    get: (userId) => flaky(() => inner.get(userId)),
    set: (record, options) => flaky(() => inner.set(record, options)),
    delete: (userId) => flaky(() => inner.delete(userId)),
    acquireLease: (userId, options) => flaky(() => inner.acquireLease!(userId, options)),
    releaseLease: (userId, options) => flaky(() => inner.releaseLease!(userId, options)),
  };
}

function makeManager(cal: FakeCal, store: TokenStore): TokenManager {
  return new TokenManager({
    isRateLimitLow: () => false,
    store: new CheckedStore(store),
    grantOf: () => cal.grant,
    loadSingleUse: () => Promise.resolve(SingleUseRefresh),
    refreshAheadMs: 0,
    onReauthorizationRequired: () => undefined,
    cache: new TokenCache(10),
    refreshWindowMs: 60_000,
    now: Date.now,
    report: () => Promise.resolve(),
    waitUntil: () => undefined,
    warn: () => undefined,
  });
}

/** Deals out arbitrary values in turn, over and over. */
function deal<T>(values: readonly T[]): () => T {
  let next = 0;
  return () => values[next++ % values.length]!;
}

const delays = fc.array(fc.integer({ min: 0, max: 3_000 }), { minLength: 1, maxLength: 12 });
const fates = (...odd: Fate[]) =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.constant<Fate>("fine") },
      { weight: 1, arbitrary: fc.constantFrom(...odd) },
    ),
    {
      minLength: 1,
      maxLength: 17,
    },
  );
/** Calls in three bursts an hour apart, in three processes; a call may find its token refused. */
const calls = fc.array(
  fc.record({
    atMs: fc
      .tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 6_000 }))
      .map(([burst, offsetMs]) => burst * HOUR_MS + offsetMs),
    process: fc.integer({ min: 0, max: 2 }),
    isRefused: fc.boolean(),
  }),
  { minLength: 1, maxLength: 30 },
);

async function runCalls(
  cal: FakeCal,
  store: TokenStore,
  plan: { atMs: number; process: number; isRefused: boolean }[],
) {
  const processes = [0, 1, 2].map(() => makeManager(cal, store));
  const handedOut: { token: string; isLive: boolean }[] = [];
  const failures: unknown[] = [];
  for (const { atMs, process, isRefused } of plan) {
    setTimeout(() => {
      const tokens = processes[process]!;
      tokens
        .usable(ada, { timeoutMs: 120_000 })
        .then(async ({ record: { calAccessToken } }) => {
          handedOut.push({ token: calAccessToken, isLive: cal.accepts(calAccessToken) });
          if (!isRefused) return;
          const other = await tokens.usable(ada, { timeoutMs: 120_000, rejected: new Set([calAccessToken]) });
          expect(other.record.calAccessToken).not.toBe(calAccessToken);
        })
        .catch((error: unknown) => failures.push(error));
    }, atMs);
  }
  await vi.advanceTimersByTimeAsync(4 * HOUR_MS);
  return { handedOut, failures };
}

test("needs exactly one refresh for each expiry, and no recovery, while nothing fails", async () => {
  await fc.assert(
    fc.asyncProperty(delays, delays, calls, async (storeDelays, calDelays, plan) => {
      const cal = new FakeCal();
      const nextDelay = deal(calDelays);
      cal.delay = () => new Promise((resolve) => setTimeout(resolve, nextDelay()));
      const store = memoryTokenStore();
      await store.set(cal.firstRecord(ada), { ifVersion: null });
      const unhurried = plan.map((call) => ({ ...call, isRefused: false }));
      const { handedOut, failures } = await runCalls(
        cal,
        flakyStore(store, deal(storeDelays), () => "fine"),
        unhurried,
      );
      expect(failures).toEqual([]);
      expect(handedOut.filter(({ isLive }) => !isLive)).toEqual([]);
      expect(cal.recoveries).toBe(0);
      // One for the first need, and one for each hour that later calls reach into.
      expect(cal.refreshes).toBeLessThanOrEqual(4);
      expect(cal.refreshes).toBe(new Set(handedOut.map(({ token }) => token)).size);
    }),
    { numRuns: 150 },
  );
});

test("ends with tokens that work, whatever fails when and in whatever order", async () => {
  await fc.assert(
    fc.asyncProperty(
      delays,
      delays,
      calls,
      fates("refused", "lost"),
      fates("refused", "lost"),
      async (storeDelays, calDelays, plan, calFates, storeFates) => {
        const cal = new FakeCal();
        const nextDelay = deal(calDelays);
        cal.delay = () => new Promise((resolve) => setTimeout(resolve, nextDelay()));
        cal.fate = deal(calFates);
        const store = memoryTokenStore();
        await store.set(cal.firstRecord(ada), { ifVersion: null });
        const storeFate = deal(storeFates);
        await runCalls(cal, flakyStore(store, deal(storeDelays), storeFate), plan);

        // The storm is over: a fresh process gets a working token, by itself.
        cal.fate = () => "fine";
        const late = makeManager(cal, store);
        const before = late.usable(ada, { timeoutMs: 120_000 });
        await vi.advanceTimersByTimeAsync(120_000);
        const first = (await before).record.calAccessToken;
        if (cal.accepts(first)) return;
        // A token that a recovery has ended looks good until Cal.com refuses it; then comes the next one.
        const after = late.usable(ada, { timeoutMs: 120_000, rejected: new Set([first]) });
        await vi.advanceTimersByTimeAsync(120_000);
        expect(cal.accepts((await after).record.calAccessToken)).toBe(true);
      },
    ),
    { numRuns: 300 },
  );
});

test("leaves a deleted user deleted, whenever the delete comes", async () => {
  await fc.assert(
    fc.asyncProperty(
      delays,
      delays,
      calls,
      fc.integer({ min: 0, max: 12_000 }),
      async (storeDelays, calDelays, plan, atMs) => {
        const cal = new FakeCal();
        const nextDelay = deal(calDelays);
        cal.delay = () => new Promise((resolve) => setTimeout(resolve, nextDelay()));
        const store = memoryTokenStore();
        await store.set(cal.firstRecord(ada), { ifVersion: null });
        setTimeout(() => void store.delete(ada), atMs);
        await runCalls(
          cal,
          flakyStore(store, deal(storeDelays), () => "fine"),
          plan,
        );
        expect(await store.get(ada)).toBeNull();
      },
    ),
    { numRuns: 100 },
  );
});
