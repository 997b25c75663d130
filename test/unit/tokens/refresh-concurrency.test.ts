import type { TestClientOptions } from "../../support/client-options.js";
import { describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore, type TokenRefreshInfo } from "../../../src/index.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";

const HOUR_MS = 3_600_000;
const CALLERS = 1_000;

interface Setup {
  emulator: CalEmulator;
  client: (options?: TestClientOptions) => CalClient;
  told: TokenRefreshInfo[];
}

function setUp(): Setup {
  const emulator = createCalEmulator();
  const told: TokenRefreshInfo[] = [];
  const { now } = emulator.clock;
  const tokenStore = memoryTokenStore({ now });
  const client = (options: TestClientOptions = {}) =>
    new CalClient({
      ...emulator.clientOptions,
      tokenStore,
      now,
      hooks: { onTokenRefresh: (info) => told.push(info) },
      ...options,
    });
  return { emulator, client, told };
}

async function connectedUser({ emulator, client }: Setup) {
  const ada = await client().ensureUser("ada", { email: "ada@example.com", name: "Ada" });
  const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
  await emulator.provider.authorize(authUrl, { account: "alice" });
  return { ada, calUserId: emulator.users.list()[0]!.id };
}

const refreshes = ({ emulator }: Setup) => emulator.count({ path: /^\/oauth\/[^/]+\/refresh$/ });
const forceRefreshes = ({ emulator }: Setup) => emulator.count({ path: /\/force-refresh$/ });

describe("a thousand calls at once for a user whose token has just expired", () => {
  const storms: { name: string; expire: (setup: Setup, calUserId: number) => void }[] = [
    { name: "by the clock", expire: ({ emulator }) => emulator.clock.advance(HOUR_MS) },
    { name: "by a 498", expire: ({ emulator }, id) => emulator.users.expireAccessTokens(id) },
    {
      name: 'by a 401 "Invalid Access Token."',
      expire: ({ emulator }, id) => {
        emulator.users.expireAccessTokens(id);
        emulator.users.deleteExpiredTokens();
      },
    },
  ];

  for (const { name, expire } of storms) {
    test(`cause one refresh, and all succeed (expired ${name})`, async () => {
      const setup = setUp();
      const { ada, calUserId } = await connectedUser(setup);
      expire(setup, calUserId);
      const lists = await Promise.all(Array.from({ length: CALLERS }, () => ada.calendars.list()));
      expect(lists.every(({ connectedCalendars }) => connectedCalendars.length === 1)).toBe(true);
      expect(refreshes(setup)).toBe(1);
      expect(forceRefreshes(setup)).toBe(0);
    });
  }

  test("cause one refresh also when they come from four clients that share a store", async () => {
    const setup = setUp();
    await connectedUser(setup);
    setup.emulator.clock.advance(HOUR_MS);
    const clients = [1, 2, 3, 4].map(() => setup.client());
    const calls = Array.from({ length: CALLERS }, (_, n) =>
      clients[n % 4]!.forUser("ada").calendars.check("google"),
    );
    expect(new Set((await Promise.all(calls)).map(({ connected }) => connected))).toEqual(new Set([true]));
    expect(refreshes(setup)).toBe(1);
    expect(forceRefreshes(setup)).toBe(0);
  });
});

describe("a refresh that goes wrong", () => {
  test("is recovered when its response is lost: one force-refresh, no consent, the calendar still connected", async () => {
    const setup = setUp();
    const { ada } = await connectedUser(setup);
    setup.emulator.clock.advance(HOUR_MS);
    setup.emulator.inject({ path: /\/refresh$/, effect: { reset: true }, lost: true });
    await expect(ada.calendars.list()).rejects.toMatchObject({ code: "network_error" });
    expect((await ada.calendars.list()).connectedCalendars).toHaveLength(1);
    expect(await ada.calendars.check("google")).toEqual({ connected: true });
    expect(forceRefreshes(setup)).toBe(1);
    expect(setup.told.map(({ outcome }) => outcome)).toEqual(["failed", "recovered"]);
  });

  test("keeps a good token when Cal.com returns 500, 502, 429 or 401", async () => {
    for (const status of [500, 502, 503, 429, 401, 403]) {
      const setup = setUp();
      const { ada } = await connectedUser(setup);
      setup.emulator.clock.advance(HOUR_MS);
      setup.emulator.inject({ path: /\/refresh$/, effect: { status } });
      await expect(ada.calendars.list()).rejects.toMatchObject({ status });
      expect(refreshes(setup)).toBe(1);
      expect((await ada.calendars.list()).connectedCalendars).toHaveLength(1);
      expect(forceRefreshes(setup)).toBe(0);
    }
  });

  test("a user who is deleted while a refresh is in flight stays deleted", async () => {
    const setup = setUp();
    const { ada } = await connectedUser(setup);
    setup.emulator.clock.advance(HOUR_MS);
    setup.emulator.inject({ path: /\/refresh$/, effect: { delayMs: 50 } });
    const call = ada.calendars.list();
    call.catch(() => undefined);
    expect(await ada.delete()).toBe(true);
    await expect(call).rejects.toMatchObject({ name: "CalTokenError" });
    await expect(ada.calendars.list()).rejects.toMatchObject({ code: "user_not_found" });
    await expect(setup.client().forUser("ada").calendars.list()).rejects.toMatchObject({
      code: "user_not_found",
    });
    expect(setup.emulator.users.list()).toEqual([]);
  });
});

test("does not refresh for a calendar whose access was revoked at Google", async () => {
  const setup = setUp();
  const { ada, calUserId } = await connectedUser(setup);
  setup.emulator.provider.revoke({ userId: calUserId, provider: "google" });
  const status = await ada.calendars.check("google");
  expect(status).toMatchObject({ connected: false, reason: "revoked" });
  expect([refreshes(setup), forceRefreshes(setup)]).toEqual([0, 0]);
});

test("makes a connect URL only with a token that outlives the consent page", async () => {
  const setup = setUp();
  const { ada } = await connectedUser(setup);
  setup.emulator.clock.advance(46 * 60_000);
  await ada.calendars.list();
  expect(refreshes(setup)).toBe(0);
  const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl: "https://app.example/done" });
  expect(refreshes(setup)).toBe(1);
  setup.emulator.clock.advance(15 * 60_000);
  await setup.emulator.provider.authorize(authUrl, { account: "carol" });
  expect((await ada.calendars.list()).connectedCalendars).toHaveLength(2);
});

test("retries a refused call once, and then throws Cal.com's error", async () => {
  const setup = setUp();
  const { ada } = await connectedUser(setup);
  setup.emulator.inject({
    path: "/calendars",
    times: Infinity,
    effect: {
      status: 498,
      body: { status: "error", error: { code: "TokenExpiredException", message: "ACCESS_TOKEN_IS_EXPIRED" } },
    },
  });
  await expect(ada.calendars.list()).rejects.toMatchObject({ code: "token_expired", status: 498 });
  expect(setup.emulator.count({ path: "/calendars" })).toBe(2);
  expect(refreshes(setup)).toBe(1);
});

describe("a wrong base URL", () => {
  test("does not look like a deleted user: nothing is recovered, and no error says that the user is gone", async () => {
    const setup = setUp();
    await connectedUser(setup);
    setup.emulator.clock.advance(HOUR_MS);
    const elsewhere = setup.client({ baseUrl: `${setup.emulator.url}/nowhere` }).forUser("ada");
    await expect(elsewhere.calendars.list()).rejects.toMatchObject({
      code: "api_error",
      status: 404,
      message: expect.stringContaining("baseUrl"),
    });
    await expect(elsewhere.delete()).rejects.toMatchObject({ status: 404 });
    expect((await setup.client().forUser("ada").calendars.list()).connectedCalendars).toHaveLength(1);
    expect(forceRefreshes(setup)).toBe(0);
  });
});
