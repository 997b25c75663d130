import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CalClient,
  type CalClientOptions,
  type Logger,
  type CalRequestInfo,
  type CalResponseInfo,
  type TokenRefreshInfo,
} from "../../../src/index.js";
import { rejection, storeOfAda, tokensOf, turnUntil, useFakeTimers } from "../../support/client.js";

const user = { id: 101, email: "ada+client-1@example.com" };
const good = () => Response.json({ status: "success", data: user });

async function client(answers: (() => Response | Promise<Response>)[], options: Partial<CalClientOptions>) {
  const fetch: typeof globalThis.fetch = () => Promise.resolve((answers.shift() ?? good)());
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
  test("hear of each attempt: method, path template, status, duration, attempt", async () => {
    const asked: CalRequestInfo[] = [];
    const answered: CalResponseInfo[] = [];
    const logged: [string, object][] = [];
    const slow = (status: number) => async () => {
      await new Promise((resolve) => setTimeout(resolve, 120));
      return status === 200 ? good() : new Response(null, { status });
    };
    const cal = await client([slow(503), slow(200)], {
      hooks: {
        onRequest: (info) => asked.push(info),
        onResponse: (info) => answered.push(info),
      },
      logger: { debug: (message, fields) => logged.push([message, fields]) },
    });
    await turnUntil(cal.managedUsers.get(101));

    const path = "/oauth-clients/{clientId}/users/{userId}";
    expect(asked).toEqual([
      { method: "GET", path, attempt: 1 },
      { method: "GET", path, attempt: 2 },
    ]);
    expect(answered).toEqual([
      { method: "GET", path, attempt: 1, status: 503, durationMs: expect.any(Number) },
      { method: "GET", path, attempt: 2, status: 200, durationMs: expect.any(Number) },
    ]);
    for (const { durationMs } of answered) {
      expect(durationMs).toBeGreaterThanOrEqual(120);
      expect(durationMs).toBeLessThan(250);
    }
    expect(logged).toHaveLength(2);
    expect(logged[1]![0]).toContain(`GET ${path} 200`);
    expect(logged[1]![1]).toMatchObject({ method: "GET", path, status: 200, attempt: 2 });
  });

  test("hear why there was no answer", async () => {
    const answered: CalResponseInfo[] = [];
    const broken = () => Promise.reject(new TypeError("fetch failed"));
    const hung = () => new Promise<Response>(() => undefined);
    const cal = await client([broken, hung], { hooks: { onResponse: (info) => answered.push(info) } });
    await turnUntil(cal.forUser("ada").profile({ timeoutMs: 800 }));
    expect(answered.map(({ status, error }) => [status, error])).toEqual([
      [undefined, "network_error"],
      [undefined, "timeout"],
      [200, undefined],
    ]);
  });

  test("hear the end of an attempt that the caller gave up", async () => {
    const answered: CalResponseInfo[] = [];
    const controller = new AbortController();
    const hung = () => new Promise<Response>(() => undefined);
    const cal = await client([hung], { hooks: { onResponse: (info) => answered.push(info) } });
    const end = rejection(cal.managedUsers.get(101, { signal: controller.signal }));
    await vi.advanceTimersByTimeAsync(300);
    controller.abort();
    await end;
    expect(answered).toHaveLength(1);
    expect(answered[0]).toMatchObject({ attempt: 1, status: undefined });
  });

  test("hear of a path as a template, whatever the values", async () => {
    const paths: string[] = [];
    const event = () => Response.json({ status: "success", data: { id: "e", start: {}, end: {} } });
    const cal = await client([event], { hooks: { onRequest: ({ path }) => paths.push(path) } });
    await cal.forUser("ada").calendars.connection("conn-17").events.get("event-4", { calendarId: "c-9" });
    expect(paths).toEqual(["/calendars/connections/{connectionId}/events/{eventId}"]);
  });

  test("hear how tokens were had, and when it did not work", async () => {
    const told: TokenRefreshInfo[] = [];
    const expired = await storeOfAda({ calAccessTokenExpiresAt: new Date(Date.now() - 1) });
    const refreshed = () =>
      Response.json({
        status: "success",
        data: { accessToken: "a2", accessTokenExpiresAt: Date.now() + 3_600_000, refreshToken: "r2" },
      });
    const failed = () => new Response("", { status: 500 });
    const cal = await client([refreshed, failed], {
      tokenStore: expired,
      hooks: { onTokenRefresh: (info) => told.push(info) },
    });
    await turnUntil(Promise.all([cal.forUser("ada").accessToken(), cal.forUser("ada").accessToken()]));
    // Nobody has ever asked for this one: that is no failure to have tokens.
    await rejection(cal.forUser("nobody").accessToken());
    await expired.set(tokensOf("grace", { calAccessTokenExpiresAt: new Date(Date.now() - 1) }), {
      ifVersion: null,
    });
    await rejection(cal.forUser("grace").accessToken());
    await vi.waitFor(() => expect(told).toHaveLength(3));
    expect(told.map(({ userId, outcome, error }) => [userId, outcome, error])).toEqual(
      expect.arrayContaining([
        ["ada", "refreshed", undefined],
        ["ada", "joined", undefined],
        ["grace", "failed", "server_error"],
      ]),
    );
    const [first, second] = told;
    expect(first!.fingerprint).toMatch(/^[0-9a-f]{12}$/);
    expect(second!.fingerprint).toBe(first!.fingerprint);
  });
});

describe("a hook or logger that fails does not fail the call", () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  beforeEach(() => void process.on("unhandledRejection", note));
  afterEach(async () => {
    await new Promise(setImmediate);
    process.off("unhandledRejection", note);
    expect(unhandled.splice(0)).toEqual([]);
  });

  const throws = (): never => {
    throw new Error("the hook broke");
  };
  // TypeScript takes an async function for one that returns nothing.
  const rejects = (): Promise<never> => Promise.reject(new Error("the hook broke"));

  test.each([
    ["throws", throws],
    ["rejects", rejects as () => void],
  ])("each hook that %s is logged by its name", async (_, hook) => {
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

  test("a logger that throws", async () => {
    const logger: Logger = { debug: throws, warn: throws, error: throws };
    const cal = await client([], {
      logger,
      hooks: { onRequest: throws, onResponse: throws, onTokenRefresh: throws },
    });
    expect(await turnUntil(cal.forUser("ada").profile())).toMatchObject({ id: 101 });
  });

  test("a logger that is console, and one without any method", async () => {
    const debug = vi.spyOn(console, "debug").mockImplementation(() => undefined);
    await (await client([], { logger: console })).managedUsers.get(1);
    expect(debug).toHaveBeenCalledTimes(1);
    await expect((await client([], { logger: {} })).managedUsers.get(1)).resolves.toMatchObject({ id: 101 });
  });
});
