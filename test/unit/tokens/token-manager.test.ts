import { afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CalNetworkError, CalStoreError, CalTimeoutError } from "../../../src/errors.js";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import { CheckedStore } from "../../../src/tokens/checked-store.js";
import type { TokenRefreshInfo } from "../../../src/tokens/token-events.js";
import { TokenCache } from "../../../src/tokens/token-cache.js";
import { SingleUseRefresh } from "../../../src/tokens/single-use-refresh.js";
import { TokenManager, type TokenManagerOptions } from "../../../src/tokens/token-manager.js";
import type { TokenRequirement } from "../../../src/tokens/token-requirement.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { FakeCal, HOUR_MS } from "../../support/fake-cal.js";

const ada = "ada";
let cal: FakeCal;
let store: TokenStore;
let told: TokenRefreshInfo[];

// Loaded when it is first needed, which takes real time. The faked clock would pass the time limit of the call meanwhile.
beforeAll(() => import("../../../src/tokens/single-use-refresh.js"));

beforeEach(async () => {
  vi.useFakeTimers({ now: 1_800_000_000_000 });
  cal = new FakeCal();
  store = memoryTokenStore();
  told = [];
  await store.set(cal.firstRecord(ada), { ifVersion: null });
});

afterEach(() => {
  vi.useRealTimers();
});

function manager(options: Partial<TokenManagerOptions> = {}, over: TokenStore = store): TokenManager {
  return new TokenManager({
    isRateLimitLow: () => false,
    store: new CheckedStore(over),
    grantOf: () => cal.grant,
    loadSingleUse: () => Promise.resolve(SingleUseRefresh),
    refreshAheadMs: 0,
    onReauthorizationRequired: () => undefined,
    cache: new TokenCache(10),
    refreshWindowMs: 60_000,
    now: Date.now,
    report: (info) => Promise.resolve(void told.push(info)),
    waitUntil: () => undefined,
    warn: () => undefined,
    ...options,
  });
}

function tokenOf(tokens: TokenManager, need: Partial<TokenRequirement> = {}): Promise<string> {
  return tokens.usable(ada, { timeoutMs: 10_000, ...need }).then(({ record }) => record.calAccessToken);
}

/** Lets everything that waits on timers go on, up to the given time. */
async function settle<T>(promise: Promise<T>, ms = 120_000): Promise<T> {
  promise.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(ms);
  return promise;
}

const outcomes = () => told.map(({ outcome }) => outcome);

describe("in one process", () => {
  test("refreshes once for a thousand callers, and hands all of them the new token", async () => {
    const tokens = manager();
    const all = await settle(Promise.all(Array.from({ length: 1000 }, () => tokenOf(tokens))));
    expect(new Set(all)).toEqual(new Set(["access-1"]));
    expect(cal.refreshes).toBe(1);
    expect(told.filter(({ outcome }) => outcome === "refreshed")).toHaveLength(1);
    expect(told.filter(({ outcome }) => outcome === "joined")).toHaveLength(999);
  });

  test("does not read the store while the cached token works", async () => {
    const get = vi.spyOn(store, "get");
    const tokens = manager();
    await settle(tokenOf(tokens));
    get.mockClear();
    for (let call = 0; call < 100; call += 1) await tokenOf(tokens);
    expect(get).not.toHaveBeenCalled();
  });

  test("does not call the hook when it only reads the store", async () => {
    await settle(tokenOf(manager()), 0);
    told.length = 0;
    const tokens = manager();
    await Promise.all([tokenOf(tokens), tokenOf(tokens), tokenOf(tokens)]);
    expect(outcomes()).toEqual([]);
  });

  test("reads the store for each need when there is no cache", async () => {
    const get = vi.spyOn(store, "get");
    const tokens = manager({ cache: new TokenCache(0) });
    await settle(tokenOf(tokens));
    get.mockClear();
    await tokenOf(tokens);
    await tokenOf(tokens);
    expect(get).toHaveBeenCalledTimes(2);
  });

  test("refreshes a token that would end within the asked-for time, and not a minute earlier", async () => {
    const tokens = manager();
    await settle(tokenOf(tokens), 0);
    vi.setSystemTime(Date.now() + HOUR_MS - 16 * 60_000);
    expect(await settle(tokenOf(tokens, { minTtlMs: 15 * 60_000 }), 0)).toBe("access-1");
    vi.setSystemTime(Date.now() + 60_000);
    expect(await settle(tokenOf(tokens), 0)).toBe("access-1");
    expect(await settle(tokenOf(tokens, { minTtlMs: 15 * 60_000 }), 0)).toBe("access-2");
  });

  test("uses a token without a known expiry until Cal.com refuses it", async () => {
    const { version } = (await store.get(ada))!;
    await store.set({ ...cal.firstRecord(ada), calAccessTokenExpiresAt: null }, { ifVersion: version });
    const tokens = manager();
    expect(await tokenOf(tokens)).toBe("access-0");
    expect(await settle(tokenOf(tokens, { rejected: new Set(["access-0"]) }))).toBe("access-1");
  });

  test("does not refresh for a refused token if the store has another one already", async () => {
    const first = manager();
    expect(await settle(tokenOf(first), 0)).toBe("access-1");
    const second = manager();
    expect(await settle(tokenOf(second, { rejected: new Set(["access-0"]) }), 0)).toBe("access-1");
    expect(cal.refreshes).toBe(1);
  });

  test("does not refresh at every call on a machine whose clock is hours ahead, and says so", async () => {
    const warn = vi.fn();
    const tokens = manager({ now: () => Date.now() + 3 * HOUR_MS, warn });
    for (let call = 0; call < 20; call += 1) await settle(tokenOf(tokens), 0);
    expect(cal.refreshes).toBe(1);
    expect(warn).toHaveBeenCalledOnce();
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(await settle(tokenOf(tokens), 0)).toBe("access-2");
  });

  test("lets one caller leave without ending the refresh of the others", async () => {
    cal.delay = () =>
      vi.advanceTimersByTimeAsync(0).then(() => new Promise((resolve) => setTimeout(resolve, 500)));
    const tokens = manager();
    const leaver = new AbortController();
    const left = tokenOf(tokens, { signal: leaver.signal });
    const stayed = tokenOf(tokens);
    leaver.abort(new Error("closed the page"));
    await expect(left).rejects.toThrow("closed the page");
    expect(await settle(stayed)).toBe("access-1");
  });

  test("goes on with a refresh that takes longer than its callers wait, and has the token for the next one", async () => {
    cal.delay = () => new Promise((resolve) => setTimeout(resolve, 10_000));
    const tokens = manager();
    const impatient = tokenOf(tokens, { timeoutMs: 5_000 });
    await expect(settle(impatient, 5_000)).rejects.toBeInstanceOf(CalTimeoutError);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(await tokenOf(tokens)).toBe("access-1");
    expect([cal.refreshes, cal.recoveries]).toEqual([1, 0]);
  });

  test("says that a user the store doesn't know has to be ensured first", async () => {
    const unknown = manager().usable("nobody", { timeoutMs: 10_000 });
    await expect(unknown).rejects.toMatchObject({ code: "user_not_found", name: "CalTokenError" });
  });
});

describe("when Cal.com fails", () => {
  test("passes the error on, recovers nothing, and tries again at the next call", async () => {
    cal.fate = () => "refused";
    const tokens = manager();
    await expect(settle(tokenOf(tokens))).rejects.toBeInstanceOf(CalNetworkError);
    cal.fate = () => "fine";
    expect(await settle(tokenOf(tokens))).toBe("access-1");
    expect(cal.recoveries).toBe(0);
    expect(outcomes()).toEqual(["failed", "refreshed"]);
  });

  test("recovers once after a lost response", async () => {
    cal.fate = () => "lost";
    const tokens = manager();
    await expect(settle(tokenOf(tokens))).rejects.toBeInstanceOf(CalNetworkError);
    cal.fate = () => "fine";
    const token = await settle(tokenOf(tokens));
    expect(cal.accepts(token)).toBe(true);
    expect(cal.recoveries).toBe(1);
    expect(outcomes()).toEqual(["failed", "recovered"]);
  });

  test("recovers a record that never had a refresh token", async () => {
    const { version } = (await store.get(ada))!;
    await store.set({ ...cal.firstRecord(ada), calRefreshToken: null }, { ifVersion: version });
    const token = await settle(tokenOf(manager()));
    expect(cal.accepts(token)).toBe(true);
    expect([cal.refreshes, cal.recoveries]).toEqual([0, 1]);
  });

  test("says so when Cal.com no longer knows the user", async () => {
    cal.isGone = true;
    await expect(settle(tokenOf(manager()))).rejects.toMatchObject({ code: "cal_user_gone" });
  });

  test("says so when the grant has no way to recover", async () => {
    cal.isGone = true;
    const { refresh } = cal.grant;
    await expect(settle(tokenOf(manager({ grantOf: () => ({ refresh }) })))).rejects.toMatchObject({
      code: "reauthorization_required",
    });
  });
});

describe("between processes", () => {
  test("refreshes once for two that start at the same time", async () => {
    cal.delay = () => new Promise((resolve) => setTimeout(resolve, 300));
    const [one, two] = await settle(Promise.all([tokenOf(manager()), tokenOf(manager())]));
    expect([one, two]).toEqual(["access-1", "access-1"]);
    expect([cal.refreshes, cal.recoveries]).toEqual([1, 0]);
    expect(outcomes().sort()).toEqual(["refreshed", "refreshed_elsewhere"]);
  });

  test("waits for the lease of a process that died, and no longer", async () => {
    await store.acquireLease?.(ada, { owner: "dead", ttlMs: 8_000 });
    const waiting = tokenOf(manager(), { timeoutMs: 60_000 });
    await vi.advanceTimersByTimeAsync(7_900);
    expect(cal.refreshes).toBe(0);
    await vi.advanceTimersByTimeAsync(600);
    expect(cal.refreshes).toBe(1);
    expect(await waiting).toBe("access-1");
  });

  test("gives its lease back, after a failure too", async () => {
    cal.fate = () => "refused";
    await expect(settle(tokenOf(manager()), 0)).rejects.toBeInstanceOf(CalNetworkError);
    expect(await store.acquireLease?.(ada, { owner: "next", ttlMs: 1_000 })).toBe(true);
    await store.releaseLease?.(ada, { owner: "next" });
    cal.fate = () => "fine";
    await settle(tokenOf(manager()), 0);
    expect(await store.acquireLease?.(ada, { owner: "next", ttlMs: 1_000 })).toBe(true);
  });

  test("keeps its lease while a refresh runs long", async () => {
    cal.delay = () => new Promise((resolve) => setTimeout(resolve, 12_000));
    const slow = tokenOf(manager(), { timeoutMs: 60_000 });
    const other = tokenOf(manager(), { timeoutMs: 60_000 });
    expect(await settle(Promise.all([slow, other]))).toEqual(["access-1", "access-1"]);
    expect(cal.refreshes).toBe(1);
  });

  test("adopts what another process wrote between the need and the lease", async () => {
    const lease = store.acquireLease!.bind(store);
    vi.spyOn(store, "acquireLease").mockImplementationOnce(async (userId, options) => {
      const refreshed = await cal.grant.refresh({ ...(await store.get(ada))!, calRefreshToken: "refresh-0" });
      const tokens = (refreshed as Extract<typeof refreshed, { outcome: "issued" }>).tokens;
      await store.set(
        {
          ...cal.firstRecord(ada),
          calAccessToken: tokens.accessToken,
          calAccessTokenExpiresAt: tokens.accessTokenExpiresAt,
          calRefreshToken: tokens.refreshToken,
        },
        { ifVersion: (await store.get(ada))!.version },
      );
      return lease(userId, options);
    });
    expect(await settle(tokenOf(manager()))).toBe("access-1");
    expect([cal.refreshes, cal.recoveries]).toEqual([1, 0]);
    expect(outcomes()).toEqual(["refreshed_elsewhere"]);
  });

  test("adopts after a refusal if another process has won the refresh, and recovers nothing", async () => {
    // A store without leases: both ask Cal.com, one is refused.
    const bare: TokenStore = { get: store.get, set: store.set, delete: store.delete };
    cal.delay = () => new Promise((resolve) => setTimeout(resolve, 20));
    const both = Promise.all([tokenOf(manager({}, bare)), tokenOf(manager({}, bare))]);
    expect(await settle(both)).toEqual(["access-1", "access-1"]);
    expect([cal.refreshes, cal.recoveries]).toEqual([2, 0]);
  });

  test("gives up on a lease that never ends, and says so", async () => {
    vi.spyOn(store, "acquireLease").mockResolvedValue(false);
    const waiting = tokenOf(manager(), { timeoutMs: 2 ** 30 });
    await expect(settle(waiting, 200_000)).rejects.toThrow(/refresh lease/);
  });
});

describe("the write", () => {
  test("leaves a user deleted who was deleted during the refresh", async () => {
    cal.delay = () => store.delete(ada).then(() => undefined);
    await expect(settle(tokenOf(manager()))).rejects.toMatchObject({ code: "user_not_found" });
    expect(await store.get(ada)).toBeNull();
  });

  test("does not give a deleted and re-made user the old one's tokens", async () => {
    cal.delay = async () => {
      cal.delay = () => Promise.resolve();
      await store.delete(ada);
      await store.set(
        { ...cal.firstRecord(ada), calUserId: 8, calAccessToken: "other-user" },
        { ifVersion: null },
      );
    };
    await settle(tokenOf(manager()));
    expect(await store.get(ada)).toMatchObject({ calUserId: 8, calAccessToken: "other-user" });
  });

  test("puts its tokens on top of a write that changed the row and not its tokens", async () => {
    cal.delay = async () => {
      cal.delay = () => Promise.resolve();
      const record = (await store.get(ada))!;
      await store.set(record, { ifVersion: record.version });
    };
    expect(await settle(tokenOf(manager()))).toBe("access-1");
    expect(await store.get(ada)).toMatchObject({ calRefreshToken: "refresh-1" });
  });

  test("is tried again when the store fails for a moment", async () => {
    vi.spyOn(store, "set").mockRejectedValueOnce(new Error("connection reset"));
    expect(await settle(tokenOf(manager()))).toBe("access-1");
    expect([cal.refreshes, cal.recoveries]).toEqual([1, 0]);
  });

  test("knows its own write whose confirmation was lost", async () => {
    const set = store.set.bind(store);
    vi.spyOn(store, "set").mockImplementationOnce(async (record, options) => {
      await set(record, options);
      throw new Error("connection reset");
    });
    expect(await settle(tokenOf(manager()))).toBe("access-1");
    expect(outcomes()).toEqual(["refreshed"]);
  });

  test("keeps tokens that a failing store could not take, and writes them later without another refresh", async () => {
    const set = vi.spyOn(store, "set").mockRejectedValue(new Error("the database is down"));
    const tokens = manager();
    await expect(settle(tokenOf(tokens))).rejects.toBeInstanceOf(CalStoreError);
    set.mockRestore();
    expect(await settle(tokenOf(tokens))).toBe("access-1");
    expect([cal.refreshes, cal.recoveries]).toEqual([1, 0]);
    expect(await store.get(ada)).toMatchObject({ calRefreshToken: "refresh-1" });
  });

  test("hands out nothing that was under way when the user was forgotten", async () => {
    cal.delay = () => new Promise((resolve) => setTimeout(resolve, 100));
    const tokens = manager();
    const early = tokenOf(tokens);
    await vi.advanceTimersByTimeAsync(50);
    await store.delete(ada);
    tokens.forget(ada);
    await expect(settle(early)).rejects.toMatchObject({ code: "user_not_found" });
    await expect(tokenOf(tokens)).rejects.toMatchObject({ code: "user_not_found" });
  });
});

describe("a store that breaks its promises", () => {
  test("is named when it hands out a date as text", async () => {
    const bad: TokenStore = {
      ...store,
      get: async (userId) => JSON.parse(JSON.stringify(await store.get(userId))) as never,
    };
    await expect(tokenOf(manager({}, bad))).rejects.toThrow(/calAccessTokenExpiresAt must be a Date/);
  });
});

test("remembers the most recently used users only", () => {
  const cache = new TokenCache(2);
  const record = (userId: string) => ({
    ...cal.firstRecord(userId),
    version: 1,
    createdAt: new Date(),
    updatedAt: new Date(),
  });
  cache.set(record("a"));
  cache.set(record("b"));
  cache.get("a");
  cache.set(record("c"));
  expect(["a", "b", "c"].map((id) => cache.get(id)?.userId)).toEqual(["a", undefined, "c"]);
});

test("keeps an unsaved pair while the old token still serves others, and refreshes no second time", async () => {
  const tokens = manager();
  await settle(tokenOf(tokens), 0);
  vi.setSystemTime(Date.now() + HOUR_MS - 10 * 60_000);
  const set = vi.spyOn(store, "set").mockRejectedValue(new Error("the database is down"));
  await expect(settle(tokenOf(tokens, { minTtlMs: 15 * 60_000 }))).rejects.toBeInstanceOf(CalStoreError);
  set.mockRestore();
  expect(await settle(tokenOf(tokens), 0)).toBe("access-1");
  expect(await settle(tokenOf(tokens, { minTtlMs: 15 * 60_000 }), 0)).toBe("access-2");
  expect([cal.refreshes, cal.recoveries]).toEqual([2, 0]);
});

test("refreshes by an unsaved pair that has grown old, and recovers nothing", async () => {
  const tokens = manager();
  const set = vi.spyOn(store, "set").mockRejectedValue(new Error("the database is down"));
  await expect(settle(tokenOf(tokens))).rejects.toBeInstanceOf(CalStoreError);
  set.mockRestore();
  vi.setSystemTime(Date.now() + 2 * HOUR_MS);
  expect(await settle(tokenOf(tokens), 0)).toBe("access-2");
  expect([cal.refreshes, cal.recoveries]).toEqual([2, 0]);
});

test("no caller waits for ever for a store that never responds", async () => {
  vi.spyOn(store, "set").mockReturnValueOnce(new Promise(() => undefined));
  const tokens = manager();
  expect(await settle(tokenOf(tokens, { timeoutMs: 60_000 }))).toBe("access-1");
  expect(await store.acquireLease?.(ada, { owner: "next", ttlMs: 1_000 })).toBe(true);
});

test("has no renewal under way when it gives the lease back", async () => {
  const calls: string[] = [];
  const lease = store.acquireLease!.bind(store);
  vi.spyOn(store, "acquireLease").mockImplementation(async (...call) => {
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    const isTaken = await lease(...call);
    calls.push("acquireLease");
    return isTaken;
  });
  const release = store.releaseLease!.bind(store);
  vi.spyOn(store, "releaseLease").mockImplementation(async (...call) => {
    calls.push("releaseLease");
    await release(...call);
  });
  cal.delay = () => new Promise((resolve) => setTimeout(resolve, 1_600));
  await settle(tokenOf(manager(), { timeoutMs: 60_000 }));
  expect(calls.at(-1)).toBe("releaseLease");
});

test("refuses a record without the column for the refresh token", async () => {
  const bad: TokenStore = {
    ...store,
    get: async (userId) => ({ ...(await store.get(userId))!, calRefreshToken: undefined as never }),
  };
  await expect(tokenOf(manager({}, bad))).rejects.toThrow(/calRefreshToken must be a string or null/);
});
