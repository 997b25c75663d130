import { afterEach, describe, expect, test, vi } from "vitest";
import { createCalEmulator, type CalEmulator, type FaultEffect } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

type Caught = Error & { cause?: { code?: string } };

async function caught(promise: Promise<unknown>): Promise<Caught> {
  const outcome = await promise.then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(outcome).toBeInstanceOf(Error);
  return outcome as Caught;
}

const transports: [
  string,
  (emulator: CalEmulator) => Promise<{ fetch: typeof fetch; close: () => Promise<void> }>,
][] = [
  ["its fetch", (emulator) => Promise.resolve({ fetch: emulator.fetch, close: () => Promise.resolve() })],
  ["HTTP", async (emulator) => ({ fetch, close: (await emulator.listen()).close })],
];

describe.each(transports)("a fault over %s", (_, connect) => {
  let close: (() => Promise<void>) | undefined;
  afterEach(() => close?.());

  async function setUp(effect: FaultEffect, more: { lost?: boolean } = {}) {
    const emulator = createCalEmulator();
    const transport = await connect(emulator);
    close = transport.close;
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const fault = emulator.inject({ method: "POST", path: "/oauth/test-client/refresh", effect, ...more });
    const refresh = (init: RequestInit = {}): Promise<Response> =>
      transport.fetch(`${emulator.url}/oauth/test-client/refresh`, {
        method: "POST",
        headers: { "x-cal-secret-key": "test-secret", "content-type": "application/json" },
        body: JSON.stringify({ refreshToken: ada.refreshToken }),
        ...init,
      });
    const isRotated = (): boolean => !emulator.users.tokens(ada.id).refreshTokens.includes(ada.refreshToken);
    return { emulator, fault, refresh, isRotated };
  }

  test("reset: the connection breaks, and the request is not processed", async () => {
    const { refresh, isRotated, emulator } = await setUp({ reset: true });
    const error = await caught(refresh());
    expect(error).toBeInstanceOf(TypeError);
    expect([error.message, error.cause?.code]).toEqual(["fetch failed", "ECONNRESET"]);
    expect(isRotated()).toBe(false);
    expect(emulator.requests[0]?.status).toBe(0);
  });

  test("reset and lost: the request is processed, and the response is lost", async () => {
    const { refresh, isRotated } = await setUp({ reset: true }, { lost: true });
    await caught(refresh());
    expect(isRotated()).toBe(true);
    expect((await refresh()).status).toBe(400);
  });

  test("status: Cal.com's own body for it", async () => {
    const { refresh, isRotated } = await setUp({ status: 500 });
    const response = await refresh();
    expect(response.status).toBe(500);
    expect(await response.json()).toMatchObject({
      status: "error",
      error: { code: "INTERNAL_SERVER_ERROR" },
    });
    expect(isRotated()).toBe(false);
  });

  test("status, body and headers: as given", async () => {
    const { refresh, isRotated } = await setUp(
      { status: 503, body: { wait: true }, headers: { "Retry-After": "7" } },
      { lost: true },
    );
    const response = await refresh();
    expect([response.status, response.headers.get("retry-after")]).toEqual([503, "7"]);
    expect(await response.json()).toEqual({ wait: true });
    expect(isRotated()).toBe(true);
  });

  test("truncate: half of the body arrives", async () => {
    const { refresh, isRotated } = await setUp({ truncate: true });
    const response = await refresh();
    expect(response.status).toBe(200);
    const error = await caught(response.text());
    expect([error.message, error.cause?.code]).toEqual(["terminated", "UND_ERR_SOCKET"]);
    expect(isRotated()).toBe(true);
  });

  test("html and empty: a proxy's error page, or no body", async () => {
    const { emulator, refresh } = await setUp({ html: true });
    const response = await refresh();
    expect([response.status, response.headers.get("content-type")]).toEqual([
      502,
      "text/html; charset=utf-8",
    ]);
    expect(await response.text()).toContain("<h1>Bad Gateway</h1>");
    emulator.inject({ effect: { empty: true } });
    const empty = await refresh();
    expect([empty.status, await empty.text()]).toEqual([200, ""]);
  });

  test("hang: no response until the caller aborts", async () => {
    const { refresh, isRotated, fault } = await setUp({ hang: true }, { lost: true });
    const abort = new AbortController();
    const response = refresh({ signal: abort.signal });
    await vi.waitFor(() => expect(isRotated()).toBe(true));
    abort.abort();
    expect((await caught(response)).name).toBe("AbortError");
    expect(fault.hits).toBe(1);
  });

  test("delayMs: the request is processed later", async () => {
    const { refresh, isRotated } = await setUp({ delayMs: 20 });
    const response = refresh();
    expect(isRotated()).toBe(false);
    expect((await response).status).toBe(200);
  });
});

describe("delayMs with the fetch function", () => {
  test("uses timers that a test can fake", async () => {
    vi.useFakeTimers();
    try {
      const emulator = createCalEmulator();
      emulator.inject({ effect: { delayMs: 60_000 } });
      const response = emulator.fetch(`${emulator.url}/me`);
      await vi.advanceTimersByTimeAsync(59_999);
      expect(emulator.requests[0]?.status).toBe(0);
      await vi.advanceTimersByTimeAsync(1);
      expect((await response).status).toBe(401);
    } finally {
      vi.useRealTimers();
    }
  });

  test("ends when the caller aborts, with the caller's reason, and the request is not processed", async () => {
    const emulator = createCalEmulator();
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    emulator.inject({ effect: { delayMs: 3_600_000 } });
    const abort = new AbortController();
    const response = emulator.fetch(`${emulator.url}/oauth-clients/test-client/users/${ada.id}`, {
      method: "DELETE",
      headers: { "x-cal-secret-key": "test-secret" },
      signal: abort.signal,
    });
    abort.abort(new Error("the test aborts"));
    await expect(response).rejects.toThrow("the test aborts");
    expect(emulator.users.get(ada.id)).toBeDefined();
  });

  test("a request with an aborted signal is not sent", async () => {
    const emulator = createCalEmulator();
    const response = emulator.fetch(`${emulator.url}/me`, { signal: AbortSignal.abort() });
    await expect(response).rejects.toThrow();
    expect(emulator.requests).toEqual([]);
  });
});

describe("requests that a fault applies to", () => {
  const statuses = async (emulator: CalEmulator, paths: string[]): Promise<number[]> => {
    const all: number[] = [];
    for (const path of paths) all.push((await emulator.fetch(emulator.url + path)).status);
    return all;
  };

  test("one by default, all with times: Infinity", async () => {
    const emulator = createCalEmulator();
    emulator.inject({ path: "/me", effect: { status: 503 } });
    expect(await statuses(emulator, ["/me", "/me"])).toEqual([503, 401]);
    const fault = emulator.inject({ path: "/me", times: Infinity, effect: { status: 503 } });
    expect(await statuses(emulator, ["/me", "/me", "/calendars"])).toEqual([503, 503, 401]);
    expect(fault.hits).toBe(2);
    fault.remove();
    expect(await statuses(emulator, ["/me"])).toEqual([401]);
  });

  test("with after, the requests that follow the first ones", async () => {
    const emulator = createCalEmulator();
    emulator.inject({ path: /^\/calendars/, after: 1, times: 2, effect: { status: 503 } });
    const paths = ["/calendars?a", "/me", "/calendars/google/check", "/calendars", "/calendars"];
    expect(await statuses(emulator, paths)).toEqual([401, 401, 503, 503, 401]);
  });

  test("an injected error repeats the query in its path, as Cal.com does", async () => {
    const emulator = createCalEmulator();
    emulator.inject({ effect: { status: 429 } });
    const { body } = await callerOf(emulator).anonymous("/me?state=a-secret");
    expect(body).toMatchObject({ path: "/v2/me?state=a-secret", error: { code: "ThrottlerException" } });
  });
});
