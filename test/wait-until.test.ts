import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { CalClient, memoryTokenStore, type CalClientOptions, type TokenStore } from "../src/index.js";
import { createCalEmulator, type CalEmulator } from "../src/testing/index.js";

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

function client(options: Partial<CalClientOptions> = {}): CalClient {
  return new CalClient({
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
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

  it("breaks no call by throwing", async () => {
    const error = vi.fn();
    const cal = client({
      logger: { error },
      waitUntil: () => {
        throw new Error("there is no request");
      },
    });
    const user = await later(cal.ensureUser("ada", ada), 100);
    expect(user.id).toBe("ada");
    expect(error.mock.calls.map(([message]) => message as string)).toEqual(["calbridge: waitUntil threw"]);
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

  it("is a refresh: after 90 s nobody waits for it any more", async () => {
    const tokenStore = storeThatStops();
    const cal = client({ tokenStore });
    const user = await later(cal.ensureUser("ada", ada), 100);
    tokenStore.stop();
    await expect(later(user.profile(), 10_000)).rejects.toMatchObject({ code: "timeout" });
    await expect(later(user.profile(), 10_000)).rejects.toMatchObject({ code: "timeout" });
    await vi.advanceTimersByTimeAsync(71_000);
    expect((await later(user.profile(), 100)).name).toBe("Ada");
  });

  it("is the creation of a user: the same", async () => {
    const tokenStore = storeThatStops();
    const cal = client({ tokenStore });
    tokenStore.stop();
    const signal = AbortSignal.timeout(1_000);
    void cal.ensureUser("ada", ada, { signal }).catch(() => undefined);
    await vi.advanceTimersByTimeAsync(91_000);
    expect((await later(cal.ensureUser("ada", ada), 100)).id).toBe("ada");
    expect(emulator.users.list()).toHaveLength(1);
  });
});
