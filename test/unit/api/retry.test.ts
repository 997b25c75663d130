import type { TestClientOptions } from "../../support/client-options.js";
import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CalApiError,
  CalClient,
  CalNetworkError,
  CalRateLimitError,
  CalTimeoutError,
} from "../../../src/index.js";
import { rejection, storeOfAda, turnUntil, useFakeTimers } from "../../support/client.js";

const user = { id: 101, email: "ada+client-1@example.com" };
const tokens = { accessToken: "a2", refreshToken: "r2" };
const created = { user, ...tokens };
const state = JSON.stringify({ accessToken: "stored-access-token", origin: "o" });

type Step = number | "reset" | "stall" | "hang" | (() => Response);

function fault(status: number, headers: Record<string, string> = {}): Response {
  return Response.json(
    { status: "error", error: { code: "E", message: "no" } },
    {
      status,
      headers,
    },
  );
}

/** A fetch that does these steps in turn and then succeeds. `at` has the time of each request. */
function script(steps: Step[], data: unknown = user) {
  const at: number[] = [];
  const fetch: typeof globalThis.fetch = (_, init) => {
    at.push(Date.now());
    const step = steps[at.length - 1];
    if (step === undefined) return Promise.resolve(Response.json({ status: "success", data }));
    if (step === "reset") return Promise.reject(new TypeError("fetch failed"));
    if (step === "hang") return new Promise(() => undefined);
    if (step === "stall") return Promise.resolve(stalling(init?.signal ?? undefined));
    return Promise.resolve(typeof step === "number" ? fault(step) : step());
  };
  return { at, fetch };
}

/** A response that stops in the middle of its body. */
function stalling(signal: AbortSignal | undefined): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"status":"succ'));
      signal?.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(body, { status: 200 });
}

async function client(fetch: typeof globalThis.fetch, options: TestClientOptions = {}) {
  const tokenStore = await storeOfAda();
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    fetch,
    ...options,
    tokenStore,
  });
}

beforeEach(() => useFakeTimers());
afterEach(() => {
  expect(vi.getTimerCount(), "timers that still run").toBe(0);
  vi.useRealTimers();
});

const idempotent: Record<string, { data: unknown; call: (cal: CalClient) => Promise<unknown> }> = {
  GET: { data: user, call: (cal) => cal.forUser("ada").profile() },
  PUT: {
    data: { integration: "google_calendar", externalId: "e", credentialId: 1 },
    call: (cal) =>
      cal.forUser("ada").calendars.setDestination({ integration: "google_calendar", externalId: "e" }),
  },
  DELETE: { data: user, call: (cal) => cal.managedUsers.delete(101) },
};

const notIdempotent: Record<string, { data: unknown; call: (cal: CalClient) => Promise<unknown> }> = {
  "a refresh": { data: tokens, call: (cal) => cal.managedUsers.refreshTokens("r1") },
  "a forced refresh": { data: tokens, call: (cal) => cal.managedUsers.forceRefreshTokens(101) },
  "a create": {
    data: created,
    call: (cal) => cal.managedUsers.create({ email: "a@b.example", name: "A" }),
  },
  "a PATCH": { data: user, call: (cal) => cal.managedUsers.update(101, { name: "A" }) },
  "a save": {
    data: null,
    call: (cal) => cal.forUser("ada").calendars.save("google", { code: "c", state }),
  },
  "an ICS feed": {
    data: { id: 1, type: "ics-feed_calendar" },
    call: (cal) => cal.forUser("ada").calendars.saveIcsFeed({ urls: ["https://x.example/a.ics"] }),
  },
  "a new event": {
    data: { id: "e", start: {}, end: {} },
    call: (cal) =>
      cal
        .forUser("ada")
        .calendars.connection("8")
        .events.create({
          title: "t",
          start: { time: "2027-01-04T09:00:00Z", timeZone: "UTC" },
          end: { time: "2027-01-04T10:00:00Z", timeZone: "UTC" },
        }),
  },
};

const transientFailures: [string, Step][] = [
  ["a network error", "reset"],
  ["429", () => fault(429, { "X-RateLimit-Reset-Default": "2" })],
  ["502", 502],
  ["503", 503],
  ["504", 504],
];

describe.each(Object.entries(idempotent))("%s", (method, { data, call }) => {
  test.each(transientFailures)(`${method} is retried after %s, and succeeds`, async (_, step) => {
    const { at, fetch } = script([step, step], data);
    await turnUntil(call(await client(fetch)));
    expect(at).toHaveLength(3);
  });

  test.each(transientFailures)(
    `${method} fails after two retries if each attempt ends with %s`,
    async (_, step) => {
      const { at, fetch } = script([step, step, step, step], data);
      const error = await turnUntil(rejection(call(await client(fetch))));
      expect(error).toBeInstanceOf(step === "reset" ? CalNetworkError : CalApiError);
      expect(at).toHaveLength(3);
    },
  );
});

describe.each(Object.entries(notIdempotent))("%s", (name, { data, call }) => {
  test.each([
    ...transientFailures,
    ["500", 500] as [string, Step],
    ["a lost response", "hang"] as [string, Step],
  ])(`${name} is not retried after %s`, async (_, step) => {
    const { at, fetch } = script([step], data);
    await turnUntil(rejection(call(await client(fetch))));
    expect(at).toHaveLength(1);
  });
});

describe("number of retries and delays", () => {
  test.each([400, 401, 403, 404, 409, 413, 500, 501, 505])("status %i is not retried", async (status) => {
    const { at, fetch } = script([status]);
    await turnUntil(rejection((await client(fetch)).managedUsers.get(1)));
    expect(at).toHaveLength(1);
  });

  test("failures of different kinds count together", async () => {
    const kinds: Step[] = [503, "reset", "hang"];
    for (const first of kinds) {
      for (const then of kinds) {
        const { at, fetch } = script([first, ...Array<Step>(8).fill(then)]);
        await turnUntil(rejection((await client(fetch, { timeoutMs: 500 })).managedUsers.get(1)));
        expect(at, `${String(first)}, then ${String(then)}`).toHaveLength(3);
      }
    }
  });

  test("with retry.limit 0 there is one attempt", async () => {
    const { at, fetch } = script([503]);
    await turnUntil(rejection((await client(fetch, { retry: { limit: 0 } })).managedUsers.get(1)));
    expect(at).toHaveLength(1);
  });

  test("the delays grow and stay at or below five seconds", async () => {
    const { at, fetch } = script(Array<Step>(9).fill(503));
    await turnUntil((await client(fetch, { retry: { limit: 9 } })).managedUsers.get(1));
    const pauses = at.slice(1).map((time, index) => time - at[index]!);
    expect(pauses[0]).toBeLessThanOrEqual(350);
    expect(pauses.every((pause) => pause >= 100 && pause <= 5_050)).toBe(true);
    expect(pauses[5]!).toBeGreaterThan(pauses[0]!);
  });

  test("after a 429 the retry waits as long as the response asks for", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "7" })]);
    await turnUntil((await client(fetch)).managedUsers.get(1));
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(7_000);
    expect(at[1]! - at[0]!).toBeLessThan(7_200);
  });

  test("a 429 that asks for more than maxWaitMs fails at once, with retryAfterMs", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "60" })]);
    const error = await rejection((await client(fetch)).managedUsers.get(1));
    expect(error).toBeInstanceOf(CalRateLimitError);
    expect(error).toMatchObject({ code: "rate_limited", status: 429, retryAfterMs: 60_000 });
    expect(at).toHaveLength(1);
  });

  test("retry.maxWaitMs sets the longest wait", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "30" })]);
    await turnUntil((await client(fetch, { retry: { maxWaitMs: 60_000 } })).managedUsers.get(1));
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(30_000);
  });

  test("a 429 for a call that is not retried has retryAfterMs as well", async () => {
    const { fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "3" })]);
    const error = await rejection((await client(fetch)).managedUsers.refreshTokens("r1"));
    expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
  });

  test("Retry-After of a proxy is used, and an invalid value is ignored", async () => {
    const valid = script([() => fault(429, { "Retry-After": "4" })]);
    await turnUntil((await client(valid.fetch)).managedUsers.get(1));
    expect(valid.at[1]! - valid.at[0]!).toBeGreaterThanOrEqual(4_000);

    const invalid = script([() => fault(429, { "X-RateLimit-Reset-Default": "soon" })]);
    await turnUntil((await client(invalid.fetch)).managedUsers.get(1));
    expect(invalid.at).toHaveLength(2);
  });
});

describe("the time limit", () => {
  test.each<Step>(["hang", "stall"])(
    "an attempt ends with CalTimeoutError after timeoutMs (%s)",
    async (step) => {
      const { fetch } = script([step]);
      const startedAt = Date.now();
      const cal = await client(fetch, { timeoutMs: 3_000, retry: { limit: 0 } });
      const error = await turnUntil(rejection(cal.managedUsers.get(1)));
      expect(error).toBeInstanceOf(CalTimeoutError);
      expect(error).toMatchObject({ code: "timeout" });
      expect(Date.now() - startedAt).toBeLessThan(3_200);
    },
  );

  test("timeoutMs of one call replaces the client's", async () => {
    const { fetch } = script(["stall"]);
    const startedAt = Date.now();
    const cal = await client(fetch, { retry: { limit: 0 } });
    await turnUntil(rejection(cal.forUser("ada").profile({ timeoutMs: 500 })));
    expect(Date.now() - startedAt).toBeLessThan(700);
  });

  test("each attempt has its own time limit", async () => {
    const { at, fetch } = script(["hang", "stall"]);
    await turnUntil((await client(fetch, { timeoutMs: 3_000 })).managedUsers.get(1));
    expect(at).toHaveLength(3);
  });

  test("the time limit does not include the wait that a 429 asks for", async () => {
    const { fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "9" })]);
    const cal = await client(fetch, { timeoutMs: 1_000 });
    await expect(turnUntil(cal.managedUsers.get(1))).resolves.toMatchObject({ id: 101 });
  });
});

describe("a signal", () => {
  const reasons = [new Error("the user left"), "a text", { an: "object" }];

  test.each(reasons)(
    "with a signal that is already aborted, nothing is sent (reason: %s)",
    async (reason) => {
      const { at, fetch } = script([]);
      const signal = AbortSignal.abort(reason);
      const cal = await client(fetch);
      expect(await rejection(cal.managedUsers.get(1, { signal }))).toBe(reason);
      expect(await rejection(cal.forUser("ada").profile({ signal }))).toBe(reason);
      expect(at).toHaveLength(0);
    },
  );

  const moments: [string, Step][] = [
    ["before the headers", "hang"],
    ["in the middle of the body", "stall"],
    ["during the delay before a retry", () => fault(429, { "X-RateLimit-Reset-Default": "9" })],
  ];
  describe.each(moments)("aborted %s", (_, step) => {
    test.each(reasons)(
      "the call rejects with the signal's reason (%s) and leaves no listener",
      async (reason) => {
        const { at, fetch } = script([step]);
        const controller = new AbortController();
        const { signal } = controller;
        const cal = await client(fetch);
        const error = rejection(cal.managedUsers.get(1, { signal }));
        await vi.advanceTimersByTimeAsync(2_000);
        expect(at).toHaveLength(1);
        controller.abort(reason);
        expect(await error).toBe(reason);
        await vi.advanceTimersByTimeAsync(60_000);
        expect(at).toHaveLength(1);
        expect(getEventListeners(signal, "abort")).toHaveLength(0);
      },
    );
  });

  test("a call that succeeds or fails leaves no listener on the signal", async () => {
    const { signal } = new AbortController();
    const { fetch } = script([503, 404]);
    const cal = await client(fetch);
    await turnUntil(rejection(cal.managedUsers.get(1, { signal })));
    await turnUntil(cal.forUser("ada").profile({ signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
