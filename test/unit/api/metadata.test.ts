import { createHash } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalClient, type CalRequestInfo, type CalResponseInfo, type TokenStore } from "../../../src/index.js";
import type { TestClientOptions } from "../../support/client-options.js";
import {
  clientOf,
  createAda,
  createTestClient,
  rejection,
  storeOfAda,
  turnUntil,
  useFakeTimers,
} from "../../support/client.js";

const adaHash = createHash("sha256").update("ada").digest("hex").slice(0, 16);
const limitHeaders = (remaining: number) => ({
  "X-RateLimit-Limit-Default": "500",
  "X-RateLimit-Remaining-Default": String(remaining),
  "X-RateLimit-Reset-Default": "42",
  "X-Request-Id": "request-1",
});
const metadata = { requestId: "request-1", rateLimit: { limit: 500, remaining: 7, resetAfterMs: 42_000 } };

async function client(fetch: () => Promise<Response>, options: TestClientOptions = {}): Promise<CalClient> {
  const tokenStore: TokenStore = await storeOfAda();
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    fetch,
    retry: { limit: 1 },
    ...options,
    tokenStore,
  });
}

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("what hooks and errors say of a response", () => {
  test("hooks have the request's id, the rate limit, the call and the user as a hash", async () => {
    const requests: CalRequestInfo[] = [];
    const responses: CalResponseInfo[] = [];
    const body = { status: "success", data: { id: 101, email: "ada@example.com" } };
    const cal = await client(() => Promise.resolve(Response.json(body, { headers: limitHeaders(7) })), {
      hooks: { onRequest: (info) => requests.push(info), onResponse: (info) => responses.push(info) },
    });
    await turnUntil(cal.forUser("ada").profile());
    await turnUntil(cal.managedUsers.get(101));
    expect(requests).toMatchObject([{ callId: 1, userHash: adaHash }, { callId: 2 }]);
    expect(requests[1]).not.toHaveProperty("userHash");
    expect(responses).toMatchObject([{ ...metadata, userHash: adaHash }, metadata]);
  });

  test("an error has them too, and how often the request was sent; its JSON as well", async () => {
    const failing = () => Promise.resolve(new Response(null, { status: 503, headers: limitHeaders(7) }));
    const cal = await client(failing);
    const error = await rejection(turnUntil(cal.forUser("ada").profile()));
    expect(error).toMatchObject({ status: 503, attempts: 2, userHash: adaHash, ...metadata });
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ attempts: 2, userHash: adaHash, ...metadata });
    expect(JSON.stringify(error)).not.toContain('"ada"');
  });

  test("an error without a response has the attempts and the user", async () => {
    const cal = await client(() => Promise.reject(new TypeError("fetch failed")));
    const error = await rejection(turnUntil(cal.forUser("ada").profile()));
    expect(error).toMatchObject({ code: "network_error", attempts: 2, userHash: adaHash });
    expect(error).not.toHaveProperty("rateLimit");
  });

  test.each([
    ["no headers", {}],
    ["a header that is no number", { ...limitHeaders(7), "X-RateLimit-Remaining-Default": "many" }],
    ["a negative number", { ...limitHeaders(7), "X-RateLimit-Limit-Default": "-1" }],
  ])("there is no rate limit with %s", async (_, headers) => {
    const cal = await client(() => Promise.resolve(new Response(null, { status: 404, headers })));
    expect(await rejection(turnUntil(cal.forUser("ada").profile()))).not.toHaveProperty("rateLimit");
  });
});

describe("with few requests left to the client", () => {
  const refreshes = (emulator: ReturnType<typeof createTestClient>["emulator"]) =>
    emulator.requests.filter(({ path }) => path.endsWith("/refresh")).length;

  test("a token that still works is not refreshed ahead until the window has ended", async () => {
    const test = createTestClient({ refreshAheadMs: 10 * 60_000 });
    const { emulator, store } = test;
    const { ada } = await createAda(test);
    emulator.clock.advance(55 * 60_000);
    const cal = clientOf(emulator, store, {
      // Another process has used the limit up: this one sees it in the next response.
      fetch: async (...request) => {
        const response = await emulator.fetch(...request);
        const headers = new Headers(response.headers);
        headers.set("X-RateLimit-Remaining-Default", "49");
        return new Response(response.body, { status: response.status, headers });
      },
    });
    const { calUserId } = (await store.get(ada.id))!;
    await cal.managedUsers.get(calUserId);
    await cal.forUser(ada.id).profile();
    await turnUntil(cal.close());
    expect(refreshes(emulator)).toBe(0);

    // The same without the other process.
    const later = clientOf(emulator, store);
    await later.managedUsers.get(calUserId);
    await later.forUser(ada.id).profile();
    await turnUntil(later.close());
    expect(refreshes(emulator)).toBe(1);
  });

  test("claimUsers() waits for the end of the rate limit's window, and a user's calls don't", async () => {
    const test = createTestClient();
    await createAda(test);
    const { emulator, store } = test;
    const remaining = 10;
    const cal = clientOf(emulator, store, {
      fetch: async (...request) => {
        const response = await emulator.fetch(...request);
        const headers = new Headers(response.headers);
        headers.set("X-RateLimit-Remaining-Default", String(remaining));
        headers.set("X-RateLimit-Reset-Default", "30");
        return new Response(response.body, { status: response.status, headers });
      },
      // Of the fake timers.
      now: Date.now,
    });
    for (const id of ["grace", "joan"]) {
      const { user, tokens } = await cal.managedUsers.create({ email: `${id}@example.com`, name: id });
      await store.set(
        {
          userId: id,
          calUserId: user.id,
          calServer: "",
          details: null,
          calAccessToken: tokens.accessToken,
          calAccessTokenExpiresAt: tokens.accessTokenExpiresAt,
          calRefreshToken: tokens.refreshToken,
          calRefreshTokenExpiresAt: null,
        },
        { ifVersion: null },
      );
    }
    const startedAt = Date.now();
    const checkedAt: number[] = [];
    const claiming = cal.claimUsers({
      maxPerMinute: 60_000,
      onProgress: () => checkedAt.push(Date.now() - startedAt),
    });
    await turnUntil(cal.forUser("ada").profile());
    expect(Date.now() - startedAt).toBeLessThan(1_000);
    await turnUntil(claiming);
    // The second one to claim has waited for the window of the first one's response.
    const [, grace = 0, joan = 0] = checkedAt;
    expect(joan - grace).toBeGreaterThanOrEqual(30_000);
  });
});
