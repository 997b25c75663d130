import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CalApiError,
  CalClient,
  CalNetworkError,
  CalRateLimitError,
  CalTimeoutError,
  type CalClientOptions,
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

/** A fetch that does these things in turn, then answers well; and counts. */
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

/** Headers and the first half of a body, and then nothing more. */
function stalling(signal: AbortSignal | undefined): Response {
  const body = new ReadableStream({
    start(controller) {
      controller.enqueue(new TextEncoder().encode('{"status":"succ'));
      signal?.addEventListener("abort", () => controller.error(signal.reason));
    },
  });
  return new Response(body, { status: 200 });
}

async function client(fetch: typeof globalThis.fetch, options: Partial<CalClientOptions> = {}) {
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
  expect(vi.getTimerCount(), "timers that were left behind").toBe(0);
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

const once: Record<string, { data: unknown; call: (cal: CalClient) => Promise<unknown> }> = {
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

const passing: [string, Step][] = [
  ["a network fault", "reset"],
  ["429", () => fault(429, { "X-RateLimit-Reset-Default": "2" })],
  ["502", 502],
  ["503", 503],
  ["504", 504],
];

describe.each(Object.entries(idempotent))("a %s that meets a passing fault", (_, { data, call }) => {
  test.each(passing)("%s: is repeated, and succeeds", async (_, step) => {
    const { at, fetch } = script([step, step], data);
    await turnUntil(call(await client(fetch)));
    expect(at).toHaveLength(3);
  });

  test.each(passing)("%s, again and again: fails after two repeats", async (_, step) => {
    const { at, fetch } = script([step, step, step, step], data);
    const error = await turnUntil(rejection(call(await client(fetch))));
    expect(error).toBeInstanceOf(step === "reset" ? CalNetworkError : CalApiError);
    expect(at).toHaveLength(3);
  });
});

describe.each(Object.entries(once))("%s", (_, { data, call }) => {
  test.each([...passing, ["500", 500] as [string, Step], ["a lost answer", "hang"] as [string, Step]])(
    "is not repeated after %s",
    async (_, step) => {
      const { at, fetch } = script([step], data);
      await turnUntil(rejection(call(await client(fetch))), 1000);
      expect(at).toHaveLength(1);
    },
  );
});

describe("how often and how long", () => {
  test.each([400, 401, 403, 404, 409, 413, 500, 501, 505])("%i is never repeated", async (status) => {
    const { at, fetch } = script([status]);
    await turnUntil(rejection((await client(fetch)).managedUsers.get(1)));
    expect(at).toHaveLength(1);
  });

  test("faults of several kinds count together", async () => {
    const kinds: Step[] = [503, "reset", "hang"];
    for (const first of kinds) {
      for (const then of kinds) {
        const { at, fetch } = script([first, ...Array<Step>(8).fill(then)]);
        await turnUntil(rejection((await client(fetch, { timeoutMs: 500 })).managedUsers.get(1)));
        expect(at, `${String(first)}, then ${String(then)}`).toHaveLength(3);
      }
    }
  });

  test("a client without retries tries once", async () => {
    const { at, fetch } = script([503]);
    await turnUntil(rejection((await client(fetch, { retry: { limit: 0 } })).managedUsers.get(1)));
    expect(at).toHaveLength(1);
  });

  test("the pauses grow, and stay below five seconds", async () => {
    const { at, fetch } = script(Array<Step>(9).fill(503));
    await turnUntil((await client(fetch, { retry: { limit: 9 } })).managedUsers.get(1));
    const pauses = at.slice(1).map((time, index) => time - at[index]!);
    expect(pauses[0]).toBeLessThanOrEqual(350);
    expect(pauses.every((pause) => pause >= 100 && pause <= 5_050)).toBe(true);
    expect(pauses[5]!).toBeGreaterThan(pauses[0]!);
  });

  test("a 429 is waited for as long as it says", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "7" })]);
    await turnUntil((await client(fetch)).managedUsers.get(1));
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(7_000);
    expect(at[1]! - at[0]!).toBeLessThan(7_200);
  });

  test("a 429 that asks for more than the bound fails at once, and says how long", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "60" })]);
    const error = await rejection((await client(fetch)).managedUsers.get(1));
    expect(error).toBeInstanceOf(CalRateLimitError);
    expect(error).toMatchObject({ code: "rate_limited", status: 429, retryAfterMs: 60_000 });
    expect(at).toHaveLength(1);
  });

  test("the bound is the application's to set", async () => {
    const { at, fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "30" })]);
    await turnUntil((await client(fetch, { retry: { maxWaitMs: 60_000 } })).managedUsers.get(1), 500);
    expect(at[1]! - at[0]!).toBeGreaterThanOrEqual(30_000);
  });

  test("a 429 for a call that is not repeated says how long, too", async () => {
    const { fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "3" })]);
    const error = await rejection((await client(fetch)).managedUsers.refreshTokens("r1"));
    expect(error).toMatchObject({ code: "rate_limited", retryAfterMs: 3_000 });
  });

  test("a proxy's Retry-After is heeded, and nonsense is not", async () => {
    const kept = script([() => fault(429, { "Retry-After": "4" })]);
    await turnUntil((await client(kept.fetch)).managedUsers.get(1));
    expect(kept.at[1]! - kept.at[0]!).toBeGreaterThanOrEqual(4_000);

    const nonsense = script([() => fault(429, { "X-RateLimit-Reset-Default": "soon" })]);
    await turnUntil((await client(nonsense.fetch)).managedUsers.get(1));
    expect(nonsense.at).toHaveLength(2);
  });
});

describe("the time limit", () => {
  test.each<Step>(["hang", "stall"])("holds for each attempt (%s)", async (step) => {
    const { fetch } = script([step]);
    const startedAt = Date.now();
    const cal = await client(fetch, { timeoutMs: 3_000, retry: { limit: 0 } });
    const error = await turnUntil(rejection(cal.managedUsers.get(1)));
    expect(error).toBeInstanceOf(CalTimeoutError);
    expect(error).toMatchObject({ code: "timeout" });
    expect(Date.now() - startedAt).toBeLessThan(3_200);
  });

  test("of one call can be set apart from the client's", async () => {
    const { fetch } = script(["stall"]);
    const startedAt = Date.now();
    const cal = await client(fetch, { retry: { limit: 0 } });
    await turnUntil(rejection(cal.forUser("ada").profile({ timeoutMs: 500 })));
    expect(Date.now() - startedAt).toBeLessThan(700);
  });

  test("begins anew with each attempt", async () => {
    const { at, fetch } = script(["hang", "stall"]);
    await turnUntil((await client(fetch, { timeoutMs: 3_000 })).managedUsers.get(1));
    expect(at).toHaveLength(3);
  });

  test("does not count the pause that a 429 asked for", async () => {
    const { fetch } = script([() => fault(429, { "X-RateLimit-Reset-Default": "9" })]);
    const cal = await client(fetch, { timeoutMs: 1_000 });
    await expect(turnUntil(cal.managedUsers.get(1))).resolves.toMatchObject({ id: 101 });
  });
});

describe("a signal", () => {
  const reasons = [new Error("the user left"), "a text", { an: "object" }];

  test.each(reasons)("that was aborted before: nothing is sent (%s)", async (reason) => {
    const { at, fetch } = script([]);
    const signal = AbortSignal.abort(reason);
    const cal = await client(fetch);
    expect(await rejection(cal.managedUsers.get(1, { signal }))).toBe(reason);
    expect(await rejection(cal.forUser("ada").profile({ signal }))).toBe(reason);
    expect(at).toHaveLength(0);
  });

  const moments: [string, Step][] = [
    ["before the headers", "hang"],
    ["in the middle of the body", "stall"],
    ["during the pause before a repeat", () => fault(429, { "X-RateLimit-Reset-Default": "9" })],
  ];
  describe.each(moments)("aborted %s", (_, step) => {
    test.each(reasons)("ends the call with its reason (%s), and leaves nothing behind", async (reason) => {
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
    });
  });

  test("leaves no listener behind when the call succeeds, or fails", async () => {
    const { signal } = new AbortController();
    const { fetch } = script([503, 404]);
    const cal = await client(fetch);
    await turnUntil(rejection(cal.managedUsers.get(1, { signal })));
    await turnUntil(cal.forUser("ada").profile({ signal }));
    expect(getEventListeners(signal, "abort")).toHaveLength(0);
  });
});
