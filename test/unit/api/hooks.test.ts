import type { TestClientOptions } from "../../support/client-options.js";
import { runInNewContext } from "node:vm";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CalClient,
  type Logger,
  type CalRequestInfo,
  type CalResponseInfo,
  type TokenRefreshInfo,
} from "../../../src/index.js";
import { rejection, storeOfAda, tokensOf, turnUntil, useFakeTimers } from "../../support/client.js";

const user = { id: 101, email: "ada+client-1@example.com" };
const good = () => Response.json({ status: "success", data: user });

async function client(responses: (() => Response | Promise<Response>)[], options: TestClientOptions) {
  const fetch: typeof globalThis.fetch = () => Promise.resolve((responses.shift() ?? good)());
  const tokenStore = options.tokenStore ?? (await storeOfAda());
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    fetch,
    ...options,
    tokenStore,
  });
}

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("hooks and logger", () => {
  test("onRequest, onResponse and the logger are called for each attempt", async () => {
    const requests: CalRequestInfo[] = [];
    const responses: CalResponseInfo[] = [];
    const logged: [string, object][] = [];
    const slow = (status: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return status === 200 ? good() : new Response(null, { status });
    };
    const cal = await client([slow(503), slow(200)], {
      hooks: {
        onRequest: (info) => requests.push(info),
        onResponse: (info) => responses.push(info),
      },
      logger: { debug: (message, fields) => logged.push([message, fields]) },
    });
    await turnUntil(cal.managedUsers.get(101));

    const path = "/oauth-clients/{clientId}/users/{userId}";
    expect(requests).toEqual([
      { method: "GET", path, attempt: 1, callId: 1 },
      { method: "GET", path, attempt: 2, callId: 1 },
    ]);
    expect(responses).toEqual([
      { method: "GET", path, attempt: 1, callId: 1, status: 503, durationMs: expect.any(Number) },
      { method: "GET", path, attempt: 2, callId: 1, status: 200, durationMs: expect.any(Number) },
    ]);
    for (const { durationMs } of responses) {
      expect(durationMs).toBeGreaterThanOrEqual(120);
      expect(durationMs).toBeLessThan(250);
    }
    expect(logged).toHaveLength(2);
    expect(logged[1]![0]).toContain(`GET ${path} 200`);
    expect(logged[1]![1]).toMatchObject({ method: "GET", path, status: 200, attempt: 2 });
  });

  test("onResponse has the error code if no response arrives", async () => {
    const responses: CalResponseInfo[] = [];
    const broken = () => Promise.reject(new TypeError("fetch failed"));
    const hung = () => new Promise<Response>(() => undefined);
    const cal = await client([broken, hung], { hooks: { onResponse: (info) => responses.push(info) } });
    await turnUntil(cal.forUser("ada").profile({ timeoutMs: 800 }));
    expect(responses.map(({ status, error }) => [status, error])).toEqual([
      [undefined, "network_error"],
      [undefined, "timeout"],
      [200, undefined],
    ]);
  });

  test("onResponse is called when the caller aborts the attempt", async () => {
    const responses: CalResponseInfo[] = [];
    const controller = new AbortController();
    const hung = () => new Promise<Response>(() => undefined);
    const cal = await client([hung], { hooks: { onResponse: (info) => responses.push(info) } });
    const end = rejection(cal.managedUsers.get(101, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(300);
    controller.abort();
    await end;
    expect(responses).toHaveLength(1);
    expect(responses[0]).toMatchObject({ attempt: 1, status: undefined });
  });

  test("hooks receive the path as a template without values", async () => {
    const paths: string[] = [];
    const event = () => Response.json({ status: "success", data: { id: "e", start: {}, end: {} } });
    const cal = await client([event], { hooks: { onRequest: ({ path }) => paths.push(path) } });
    await cal.forUser("ada").calendars.connection("conn-17").events.get("event-4", { calendarId: "c-9" });
    expect(paths).toEqual(["/calendars/connections/{connectionId}/events/{eventId}"]);
  });

  test("onTokenRefresh receives the outcome of each refresh", async () => {
    const reported: TokenRefreshInfo[] = [];
    const expired = await storeOfAda({ calAccessTokenExpiresAt: new Date(Date.now() - 1) });
    const refreshed = () =>
      Response.json({
        status: "success",
        data: { accessToken: "a2", accessTokenExpiresAt: Date.now() + 3_600_000, refreshToken: "r2" },
      });
    const failed = () => new Response("", { status: 500 });
    const cal = await client([refreshed, failed], {
      tokenStore: expired,
      hooks: { onTokenRefresh: (info) => reported.push(info) },
    });
    await turnUntil(Promise.all([cal.forUser("ada").accessToken(), cal.forUser("ada").accessToken()]));
    // Not reported as a failure: the user was never created.
    await rejection(cal.forUser("unknown").accessToken());
    await expired.set(tokensOf("grace", { calAccessTokenExpiresAt: new Date(Date.now() - 1) }), {
      ifVersion: null,
    });
    await rejection(cal.forUser("grace").accessToken());
    await vi.waitFor(() => expect(reported).toHaveLength(3));
    expect(reported.map(({ userId, outcome, error }) => [userId, outcome, error])).toEqual(
      expect.arrayContaining([
        ["ada", "refreshed", undefined],
        ["ada", "joined", undefined],
        ["grace", "failed", "server_error"],
      ]),
    );
    const [first, second] = reported;
    expect(first!.fingerprint).toMatch(/^[0-9a-f]{12}$/);
    expect(second!.fingerprint).toBe(first!.fingerprint);
  });
});

describe("hooks and loggers that throw", () => {
  const unhandled: unknown[] = [];
  const record = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => void process.on("unhandledRejection", record));
  afterEach(async () => {
    await new Promise(setImmediate);
    process.off("unhandledRejection", record);
    expect(unhandled.splice(0)).toEqual([]);
  });

  const throws = (): never => {
    throw new Error("the hook broke");
  };
  // TypeScript accepts an async function as a hook that returns void.
  const rejects = (): Promise<never> => Promise.reject(new Error("the hook broke"));

  const rejectsElsewhere = runInNewContext(
    "() => Promise.reject(new Error('the hook broke'))",
  ) as () => unknown;

  test.each([
    ["throws", throws],
    ["rejects", rejects as () => void],
    // Jest and node:vm run code with a Promise class of their own.
    ["rejects with a promise of another realm", rejectsElsewhere],
  ])("a hook that %s is logged with its name, and the call succeeds", async (_, hook) => {
    const errors: [string, object][] = [];
    const expired = await storeOfAda({ calAccessTokenExpiresAt: new Date(Date.now() - 1) });
    const refreshed = () =>
      Response.json({ status: "success", data: { accessToken: "a2", refreshToken: "r2" } });
    const cal = await client([refreshed], {
      tokenStore: expired,
      hooks: { onRequest: hook, onResponse: hook, onTokenRefresh: hook },
      logger: { error: (message, fields) => errors.push([message, fields]) },
    });
    expect(await turnUntil(cal.forUser("ada").profile())).toMatchObject({ id: 101 });
    await vi.waitFor(() => {
      const hooks = new Set(errors.map(([, fields]) => (fields as { hook: string }).hook));
      expect(hooks).toEqual(new Set(["onRequest", "onResponse", "onTokenRefresh"]));
    });
  });

  test("a call succeeds with a logger that throws", async () => {
    const logger: Logger = { debug: throws, warn: throws, error: throws };
    const cal = await client([], {
      logger,
      hooks: { onRequest: throws, onResponse: throws, onTokenRefresh: throws },
    });
    expect(await turnUntil(cal.forUser("ada").profile())).toMatchObject({ id: 101 });
  });

  test("the logger may be console, or an object without methods", async () => {
    const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
    await (await client([], { logger: console })).managedUsers.get(1);
    expect(debug).toHaveBeenCalledTimes(1);
    await expect((await client([], { logger: {} })).managedUsers.get(1)).resolves.toMatchObject({ id: 101 });
  });
});
