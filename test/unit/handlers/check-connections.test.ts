import { afterEach, describe, expect, test, vi } from "vitest";
import { createCalHandlers, type CalHandlersOptions } from "../../../src/handlers/index.js";
import { clientOf, rejection, turnUntil } from "../../support/client.js";
import {
  adaWithGoogle,
  createConnectionsWorld,
  HOUR,
  inShort,
  type ConnectionsWorld,
} from "../../support/connections-world.js";

afterEach(() => void vi.useRealTimers());

const SECRET = "R4nd0m-cron-secret-of-vercel";

function handlersOf(world: ConnectionsWorld, options: Partial<CalHandlersOptions> = {}) {
  return createCalHandlers({
    client: world.cal,
    authenticate: () => ({ userId: "ada", email: "ada@example.com", name: "Ada" }),
    stateSecret: "jH2zKq0vN8wXcR5tYb3mLp6sDf9gAe1u",
    appUrl: "https://app.example",
    successUrl: "/done",
    now: world.emulator.clock.now,
    logger: {},
    ...options,
  });
}

function request(headers: Record<string, string> = {}, method = "GET"): Request {
  return new Request("https://app.example/api/cal/connections/check", { method, headers });
}

const authorized = { authorization: `Bearer ${SECRET}` };

describe("the route for a scheduler", () => {
  test.each(["GET", "POST"])("%s checks users who are due, and says how far it came", async (method) => {
    const world = createConnectionsWorld();
    const { adaId } = await adaWithGoogle(world);
    world.emulator.provider.revoke({ userId: adaId });
    world.emulator.clock.advance(30 * HOUR);
    const response = await handlersOf(world, { cronSecret: SECRET }).handle(request(authorized, method));
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({
      success: true,
      data: {
        ...{ checked: 1, changed: 1, notified: 1, failed: 0, unavailable: {}, done: true },
        rollBacks: { disconnected: 0, pending: 0 },
      },
    });
    expect(inShort(world.told)).toEqual(["google connected broken revoked"]);
  });

  test("is off without a secret", async () => {
    const world = createConnectionsWorld();
    expect((await handlersOf(world).handle(request(authorized))).status).toBe(404);
  });

  test.each([
    ["no header", {}],
    ["another secret", { authorization: "Bearer R4nd0m-cron-secret-of-vercex" }],
    ["a beginning of it", { authorization: `Bearer ${SECRET.slice(0, -1)}` }],
    ["another scheme", { authorization: `Basic ${SECRET}` }],
    ["the secret alone", { authorization: SECRET }],
  ] as [string, Record<string, string>][])("refuses %s, and checks no user", async (_, headers) => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    world.emulator.clock.advance(30 * HOUR);
    const response = await handlersOf(world, { cronSecret: SECRET }).handle(request(headers));
    expect(response.status).toBe(401);
    expect(JSON.stringify([...response.headers]) + (await response.text())).not.toContain(SECRET);
    expect(await world.run()).toMatchObject({ checked: 1 });
  });

  test("ends when its time is up: the rest is due for the next call", async () => {
    const world = createConnectionsWorld();
    for (let n = 0; n < 20; n += 1) {
      await world.cal.ensureUser(`user-${n}`, { email: `user-${n}@example.com`, name: "User" });
    }
    await expect.poll(async () => (await world.connections.get("user-19")) !== null).toBe(true);
    const handlers = handlersOf(world, {
      cronSecret: SECRET,
      cron: { timeBudgetMs: 300, maxPerMinute: 600, concurrency: 2 },
    });
    const { data } = (await (await handlers.handle(request(authorized))).json()) as {
      data: { checked: number; done: boolean };
    };
    expect(data.done).toBe(false);
    expect(data.checked).toBeGreaterThan(0);
    expect(data.checked).toBeLessThan(20);
    expect(await world.run()).toMatchObject({ checked: 20 - data.checked, done: true });
  });

  test("ends five seconds after its time is up although Cal.com does not respond", async () => {
    const world = createConnectionsWorld();
    await adaWithGoogle(world);
    world.emulator.clock.advance(30 * HOUR);
    let begun = (): void => undefined;
    const hasBegun = new Promise<void>((resolve) => (begun = resolve));
    const client = clientOf(world.emulator, world.store, {
      connectionStore: world.connections,
      fetch: () => {
        begun();
        return new Promise(() => undefined);
      },
    });
    const handlers = handlersOf(world, { client, cronSecret: SECRET, cron: { timeBudgetMs: 2_000 } });
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const response = handlers.handle(request(authorized));
    await hasBegun;
    await vi.advanceTimersByTimeAsync(7_000);
    expect(await (await response).json()).toMatchObject({ data: { checked: 0, failed: 0, done: false } });
    // Without turning the clock, it would wait ten seconds for the refresh that does not end.
    expect(await turnUntil(world.run())).toMatchObject({ checked: 1 });
  });

  test("a short or regular secret, and a client that can't check, are refused at the start", async () => {
    const world = createConnectionsWorld();
    for (const cronSecret of ["short", "aaaaaaaaaaaaaaaaaaaaaaaa", 5 as never]) {
      expect(await rejection(() => handlersOf(world, { cronSecret }))).toMatchObject({
        code: "invalid_input",
      });
    }
    const { clientId, ensureUser, forUser } = world.cal;
    const client = { clientId, ensureUser, forUser };
    expect(String(await rejection(() => handlersOf(world, { cronSecret: SECRET, client })))).toContain(
      "checkConnections",
    );
  });

  test("CRON_SECRET turns it on for a client with a connection store", async () => {
    const world = createConnectionsWorld();
    const handlers = createCalHandlers.fromEnv({
      client: world.cal,
      authenticate: () => null,
      env: {
        CAL_STATE_SECRET: "jH2zKq0vN8wXcR5tYb3mLp6sDf9gAe1u",
        APP_URL: "https://app.example",
        NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/done",
        CRON_SECRET: SECRET,
      },
    });
    expect((await handlers.checkConnections(request(authorized))).status).toBe(200);
  });
});

async function statusOf(world: ConnectionsWorld): Promise<unknown[]> {
  const response = await handlersOf(world).handle(
    new Request("https://app.example/api/cal/calendars/status"),
  );
  return ((await response.json()) as { data: { calendars: unknown[] } }).data.calendars;
}

test("status says since when a connection is broken, and of which account", async () => {
  const world = createConnectionsWorld();
  const { adaId } = await adaWithGoogle(world);
  const status = () => statusOf(world);
  expect(await status()).toMatchObject([{ connected: true, email: "ada@gmail.example" }]);
  world.emulator.provider.revoke({ userId: adaId });
  expect(await status()).toMatchObject([{ connected: false, email: null }]);
  // The status has made the user due.
  await expect.poll(() => world.run()).toMatchObject({ checked: 1, changed: 1 });
  const since = new Date(world.told[0]!.since).toISOString();
  world.emulator.clock.advance(HOUR);
  expect(await status()).toMatchObject([
    { connected: false, email: "ada@gmail.example", since, reason: "revoked", message: expect.any(String) },
  ]);
});

test("status says that a connection does not work which Cal.com has marked as invalid, once that was reported", async () => {
  const world = createConnectionsWorld();
  const { adaId } = await adaWithGoogle(world);
  world.emulator.calendars.invalidate({ userId: adaId });
  await world.cal.checkConnection("ada");
  const { since, message } = world.told[0]!;
  const broken = { connected: false, reason: "invalid_credentials", message, since: since.toISOString() };
  expect(await statusOf(world)).toMatchObject([{ ...broken, email: "ada@gmail.example" }]);
  world.emulator.calendars.revalidate({ userId: adaId });
  await world.cal.checkConnection("ada");
  expect(await statusOf(world)).toMatchObject([{ connected: true, reason: null, message: null }]);
});
