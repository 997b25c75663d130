import type { TestClientOptions } from "../support/client-options.js";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalClient, memoryTokenStore, type TokenStore } from "../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../src/testing/index.js";

const ada = { email: "ada@example.com", name: "Ada" };
let emulator: CalEmulator;
let handedOver: Promise<void>[];

beforeEach(() => {
  vi.useFakeTimers();
  emulator = createCalEmulator();
  handedOver = [];
});
afterEach(() => {
  vi.useRealTimers();
});

function client(options: TestClientOptions = {}): CalClient {
  return new CalClient({
    ...emulator.clientOptions,
    tokenStore: memoryTokenStore(),
    retry: { limit: 0 },
    waitUntil: (work) => void handedOver.push(work),
    ...options,
  });
}

/** Advances the fake timers by this time and returns the promise. */
async function later<T>(promise: Promise<T>, ms: number): Promise<T> {
  promise.catch(() => undefined);
  await vi.advanceTimersByTimeAsync(ms);
  return promise;
}

describe("waitUntil", () => {
  test("waitUntil receives the creation of a user and each refresh, which go on after the caller has timed out", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    expect(handedOver).toHaveLength(1);
    await later(user.profile(), 100);
    handedOver = [];

    vi.advanceTimersByTime(60 * 60_000);
    const slow = { delayMs: 2_000 };
    emulator.inject({ method: "POST", path: `/oauth/${emulator.clientId}/refresh`, effect: slow });
    await expect(later(user.profile({ timeoutMs: 500 }), 500)).rejects.toMatchObject({ code: "timeout" });
    expect(handedOver).toHaveLength(1);
    let isSettled = false;
    void handedOver[0]!.then(() => (isSettled = true));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(isSettled).toBe(false);
    await vi.advanceTimersByTimeAsync(1_000);
    // No timer is left. The rest, such as signing tokens, takes real time.
    await handedOver[0];
  });

  test("the promise that waitUntil receives does not reject when the work fails", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    handedOver = [];
    vi.advanceTimersByTime(60 * 60_000);
    emulator.inject({ method: "POST", path: `/oauth/${emulator.clientId}/refresh`, effect: { status: 503 } });
    await expect(later(user.profile(), 1_000)).rejects.toMatchObject({ code: "server_error" });
    await expect(handedOver[0]).resolves.toBeUndefined();
  });

  const noRequest = new Error("no request is active");
  const rejecting: () => unknown = () => Promise.reject(noRequest);
  test.each([
    {
      how: "throwing",
      waitUntil: () => {
        throw noRequest;
      },
    },
    { how: "rejecting", waitUntil: rejecting },
  ])("a $how waitUntil is logged, and the call succeeds", async ({ waitUntil }) => {
    const error = vi.fn();
    const cal = client({ logger: { error }, waitUntil });
    const user = await later(cal.ensureUser("ada", ada), 100);
    expect(user.id).toBe("ada");
    expect(error.mock.calls.map(([message]) => message as string)).toEqual([
      "calbridge: the hook waitUntil threw",
    ]);
  });
});

describe("work that the runtime stopped together with its request", () => {
  /** A store whose next read never settles, as its socket belonged to a request that has ended. */
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

  /** Drops all timers, as Workers do when the request ends. */
  async function stopRuntime(): Promise<void> {
    await vi.advanceTimersByTimeAsync(0);
    vi.clearAllTimers();
  }

  test("a stopped refresh is started again by the first call more than 5 seconds later", async () => {
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

  test("the stopped creation of a user is started again", async () => {
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

  test("a refresh that waits long for a lease and then for Cal.com is not started twice", async () => {
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

  test("a refresh is not started twice when all timers of the process are late", async () => {
    const user = await later(client().ensureUser("ada", ada), 100);
    vi.advanceTimersByTime(60 * 60_000);
    const refresh = { method: "POST", path: `/oauth/${emulator.clientId}/refresh` };
    emulator.inject({ ...refresh, effect: { delayMs: 500 } });
    const first = user.profile();
    await vi.advanceTimersByTimeAsync(100);
    // As after a freeze of the process: the clock has advanced, and no timer has fired.
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
