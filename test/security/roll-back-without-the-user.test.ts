import { afterEach, describe, expect, test, vi } from "vitest";
import { memoryConnectionStore, type ConnectionChange } from "../../src/index.js";
import {
  createApp,
  createBrowser,
  endOf,
  lure,
  ORIGIN,
  type App,
  type AppOptions,
} from "../support/handlers-app.js";

// Mallory's roll-back was refused, and Mallory stays away from the routes: with an access token alone, or another page of the
// application, would show the victim's calendar.

const CRON_SECRET = "R4nd0m-cron-secret-of-vercel";
const HOUR = 60 * 60_000;

/** An application, and a roll-back that Cal.com refuses until `end()`. */
async function refusedRollBack(options: AppOptions = {}, path = /./) {
  const app = createApp(options);
  const { victim, redirectTo } = await lure(app);
  const outage = app.emulator.inject({ path, effect: { status: 503 }, times: Infinity });
  expect(endOf(await victim.visit(redirectTo))).toMatchObject({ rollBack: "pending" });
  return { app, end: () => outage.remove() };
}

async function runCron(app: App) {
  const { handle } = app.sibling({ cronSecret: CRON_SECRET });
  const headers = { authorization: `Bearer ${CRON_SECRET}` };
  const response = await handle(new Request(`${ORIGIN}/api/cal/connections/check`, { headers }));
  const { data } = (await response.json()) as {
    data: { checked: number; done: boolean; rollBacks: { disconnected: number; pending: number } };
  };
  return data;
}

/** No work in the background: as on a platform that ends it with the response. */
const withoutBackground = () => vi.stubEnv("VERCEL", "1");
afterEach(() => void vi.useRealTimers());

describe("wants to keep the victim's calendar by staying away", () => {
  test("the scheduler's next call disconnects it, on another server, without a connection store", async () => {
    withoutBackground();
    const { app, end } = await refusedRollBack();
    expect(await runCron(app), "Cal.com still refuses").toMatchObject({
      rollBacks: { disconnected: 0, pending: 1 },
    });
    end();
    app.emulator.clock.advance(25 * HOUR);
    expect(await runCron(app)).toMatchObject({ rollBacks: { disconnected: 1, pending: 0 } });
    expect(await app.accounts("mallory")).toEqual([]);
    expect(await runCron(app), "once").toMatchObject({ rollBacks: { disconnected: 0, pending: 0 } });
  });

  test("a job of the application's own disconnects it", async () => {
    withoutBackground();
    const { app, end } = await refusedRollBack();
    expect(await app.sibling().finishRollBacks()).toEqual({ disconnected: 0, pending: ["mallory"] });
    end();
    expect(await app.sibling().finishRollBacks()).toEqual({ disconnected: 1, pending: [] });
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test.each(["the row is there", "the row is lost"])(
    "by moving to another id of the application's: %s",
    async (row) => {
      withoutBackground();
      const { app, end } = await refusedRollBack();
      end();
      if (row === "the row is lost") await app.tokenStore.delete("mallory");
      await app.cal.reassignUser("mallory", "mallory-2", { email: "mallory@users.example" });
      expect(await runCron(app)).toMatchObject({ rollBacks: { disconnected: 1, pending: 0 } });
      expect(await app.accounts("mallory-2")).toEqual([]);
    },
  );

  test("by moving to another id before the victim's callback arrives", async () => {
    const app = createApp();
    const { victim, redirectTo } = await lure(app);
    await app.cal.reassignUser("mallory", "mallory-2");
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory-2")).toEqual([]);
  });

  test("a route of the application's own shows nothing until it is disconnected", async () => {
    withoutBackground();
    const { app, end } = await refusedRollBack();
    await expect(app.sibling().finishRollBacks("mallory")).rejects.toMatchObject({ code: "server_error" });
    await expect(app.sibling().finishRollBacks("victim")).resolves.toEqual({ disconnected: 0, pending: [] });
    end();
    await expect(app.sibling().finishRollBacks("mallory")).resolves.toEqual({ disconnected: 1, pending: [] });
    expect((await app.cal.forUser("mallory").calendars.list()).connectedCalendars).toEqual([]);
  });

  test.each([0, 7, 100, 200])(
    "a server that runs on disconnects it within minutes: %i s of outage",
    async (seconds) => {
      vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
      const { app, end } = await refusedRollBack();
      await vi.advanceTimersByTimeAsync(seconds * 1_000);
      expect(await app.accounts("mallory")).toEqual(["carol@gmail.example"]);
      end();
      await vi.advanceTimersByTimeAsync(10 * 60_000);
      await expect.poll(() => app.accounts("mallory")).toEqual([]);
    },
  );

  test("where a platform carries out background work, it gets that work, and the work is short", async () => {
    withoutBackground();
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
    const works: Promise<unknown>[] = [];
    const { app, end } = await refusedRollBack({ client: { waitUntil: (work) => void works.push(work) } });
    end();
    await vi.advanceTimersByTimeAsync(30_000);
    await Promise.all(works);
    expect(await app.accounts("mallory")).toEqual([]);
  });
});

describe("the checks of connections", () => {
  async function checkedApp() {
    const connections = memoryConnectionStore();
    const told: ConnectionChange[] = [];
    const hooks = { onConnectionChange: (change: ConnectionChange) => void told.push(change) };
    // Cal.com can be read, but refuses to disconnect.
    const refused = await refusedRollBack(
      { client: { connectionStore: connections, hooks } },
      /\/disconnect$/,
    );
    return { ...refused, connections, told };
  }

  test("don't take the victim's calendar for the user's own while it is to be removed", async () => {
    withoutBackground();
    const { app, end, told } = await checkedApp();
    app.emulator.clock.advance(25 * HOUR);
    expect(await runCron(app)).toMatchObject({ checked: 0, done: true, rollBacks: { pending: 1 } });
    end();
    app.emulator.clock.advance(2 * HOUR);
    expect(await runCron(app)).toMatchObject({ checked: 1, rollBacks: { disconnected: 1, pending: 0 } });
    expect(await app.cal.lastConnectionCheck("mallory")).toMatchObject({ connections: [] });
    expect(told).toEqual([]);
  });

  test("of a job of the application's own don't either", async () => {
    withoutBackground();
    const { app } = await checkedApp();
    app.emulator.clock.advance(25 * HOUR);
    const { pending } = await app.handlers.finishRollBacks();
    expect(await app.cal.checkConnections({ skip: new Set(pending) })).toMatchObject({
      checked: 0,
      done: true,
    });
    expect(await app.cal.lastConnectionCheck("mallory")).toBe(null);
  });
});

test("roll-backs of many users, refused at once on several servers, are all finished", async () => {
  withoutBackground();
  const app = createApp();
  const users = Array.from({ length: 30 }, (_, n) => `user${String(n)}`);
  const callbacks = await Promise.all(
    users.map(async (name) => {
      const link = await createBrowser(app.handlers.handle).signIn(name).start("google");
      return (await app.emulator.provider.authorize(link, { account: "carol" })).redirectTo;
    }),
  );
  const outage = app.emulator.inject({ path: /./, effect: { status: 503 }, times: Infinity });
  const servers = Array.from({ length: 3 }, () => app.sibling());
  await Promise.all(callbacks.map((url, n) => createBrowser(servers[n % 3]!.handle).visit(url)));
  outage.remove();
  expect(await app.sibling().finishRollBacks()).toEqual({ disconnected: users.length, pending: [] });
  expect(await app.sibling().finishRollBacks()).toEqual({ disconnected: 0, pending: [] });
});
