import type { TestClientOptions } from "../support/client-options.js";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CalClient, memoryTokenStore, type TokenStore } from "../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../src/testing/index.js";

const ada = { email: "ada@example.com", name: "Ada" };
let emulator: CalEmulator;
let works: Promise<void>[];

beforeEach(() => {
  vi.useFakeTimers();
  emulator = createCalEmulator();
  works = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function client(options: TestClientOptions = {}): CalClient {
  return new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    tokenStore: memoryTokenStore(),
    retry: { limit: 0 },
    waitUntil: (work) => void works.push(work),
    ...options,
  });
}

/** Lets timers go on until the promise settles, as time does. */
async function later<T>(promise: Promise<T>, ms: number): Promise<T> {
  promise.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(ms);
  return promise;
}

describe("waitUntil", () => {
  it("is handed what goes on when the callers have left: the creation, and each refresh", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    expect(works).toHaveLength(1);
    await later(user.profile(), 100);
    works = [];

    vi.advanceTimersByTime(60 * 60_000);
    const slow = { delayMs: 2_000 };
    emulator.inject({ method: "POST", path: `/oauth/${emulator.clientId}/refresh`, effect: slow });
    await expect(later(user.profile({ timeoutMs: 500 }), 500)).rejects.toMatchObject({ code: "timeout" });
    expect(works).toHaveLength(1);
    let hasEnded = false;
    void works[0]!.then(() => (hasEnded = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(hasEnded).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    // Its timers are through; the last of it, such as signing tokens, takes real time.
    await works[0];
  });

  it("is handed work that does not reject", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    works = [];
    vi.advanceTimersByTime(60 * 60_000);
    emulator.inject({ method: "POST", path: `/oauth/${emulator.clientId}/refresh`, effect: { status: 503 } });
    await expect(later(user.profile(), 1_000)).rejects.toMatchObject({ code: "server_error" });
    await expect(works[0]).resolves.toBeUndefined();
  });

  const noRequest = new Error("there is no request");
  const rejecting: () => unknown = () => Promise.reject(noRequest);
  it.each([
    {
      how: "throwing",
      waitUntil: () => {
        throw noRequest;
      },
    },
    { how: "rejecting", waitUntil: rejecting },
  ])("breaks no call by $how", async ({ waitUntil }) => {
    const error = vi.fn();
    const cal = client({ logger: { error }, waitUntil });
    const user = await later(cal.ensureUser("ada", ada), 100);
    expect(user.id).toBe("ada");
    expect(error.mock.calls.map(([message]) => message as string)).toEqual([
      "calbridge: the hook waitUntil threw",
    ]);
  });
});

describe("work that the runtime has stopped with the request that began it", () => {
  /** A store whose next read never ends: its socket was the request's. */
  function storeThatStops(): TokenStore & { stop(): void } {
    const store = memoryTokenStore();
    let isStopping = false;
    return {
      ...store,
      stop: () => void (isStopping = true),
      get: (userId) => {
        if (!isStopping) return store.get(userId);
        isStopping = false;
        return new Promise(() => undefined);
      },
    };
  }

  /** What a runtime does that stops with the response. */
  async function stopRuntime(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
  }

  it("is a refresh: after some seconds nobody waits for it any more", async () => {
    const tokenStore = storeThatStops();
    const cal = client({ tokenStore });
    const user = await later(cal.ensureUser("ada", ada), 100);
    tokenStore.stop();
    void user.profile();
    await stopRuntime();
    await expect(later(user.profile({ timeoutMs: 1_000 }), 1_000)).rejects.toMatchObject({ code: "timeout" });
    await vi.advanceTimersByTimeAsync(5_000);
    const calls = Array.from({ length: 5 }, () => user.profile());
    const names = (await later(Promise.all(calls), 2_100)).map(({ name }) => name);
    expect(names).toEqual(["Ada", "Ada", "Ada", "Ada", "Ada"]);
  });

  it("is the creation of a user: the same", async () => {
    const tokenStore = storeThatStops();
    const cal = client({ tokenStore });
    tokenStore.stop();
    void cal.ensureUser("ada", ada);
    await stopRuntime();
    await vi.advanceTimersByTimeAsync(6_000);
    const calls = Array.from({ length: 5 }, () => cal.ensureUser("ada", ada));
    await later(Promise.all(calls), 2_100);
    expect(emulator.count({ method: "POST", path: `/oauth-clients/${emulator.clientId}/users` })).toBe(1);
  });

  it("is none that takes long: a refresh that waits for another process and then for Cal.com is one", async () => {
    const store = memoryTokenStore();
    let freeAt = 0;
    const tokenStore: TokenStore = {
      ...store,
      acquireLease: () => Promise.resolve(Date.now() >= freeAt),
      releaseLease: () => Promise.resolve(),
    };
    const cal = client({ tokenStore });
    const user = await later(cal.ensureUser("ada", ada), 100);
    vi.advanceTimersByTime(60 * 60_000);
    freeAt = Date.now() + 60_000;
    const refresh = { method: "POST", path: `/oauth/${emulator.clientId}/refresh` };
    emulator.inject({ ...refresh, effect: { delayMs: 45_000 } });
    for (let call = 0; call < 10; call += 1) {
      await expect(later(user.profile(), 10_000)).rejects.toMatchObject({ code: "timeout" });
    }
    expect((await later(user.profile({ timeoutMs: 60_000 }), 10_000)).name).toBe("Ada");
    expect(emulator.count(refresh)).toBe(1);
  });

  it("is none that this process was too busy to look after", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    vi.advanceTimersByTime(60 * 60_000);
    const refresh = { method: "POST", path: `/oauth/${emulator.clientId}/refresh` };
    emulator.inject({ ...refresh, effect: { delayMs: 500 } });
    const first = user.profile();
    await vi.advanceTimersByTimeAsync(100);
    // As if it had been frozen: the clock has gone on, no timer has fired.
    const frozen = performance.now() + 60_000;
    const clock = vi.spyOn(performance, "now").mockReturnValue(frozen);
    const second = user.profile();
    await vi.advanceTimersByTimeAsync(0);
    clock.mockRestore();
    expect((await later(Promise.all([first, second]), 3_000)).map(({ name }) => name)).toEqual([
      "Ada",
      "Ada",
    ]);
    expect(emulator.count(refresh)).toBe(1);
  });
});
