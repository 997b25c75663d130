import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { points, type Point } from "../../support/points.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

// Both take their time: the lease's, and the 20 seconds of a slow Cal.com. So they run at once, each
// with a Cal.com and a table of its own.

interface World {
  cal: CalServer;
  start: () => AppProcess;
  store: ReturnType<typeof postgresTokenStore>;
  database: TestDatabase;
}

const opened: World[] = [];
const started: AppProcess[] = [];

async function createWorld(): Promise<World> {
  const database = await createDatabase();
  await createSchema(database.pool);
  const store = postgresTokenStore({ client: database.pool });
  const cal = await startCal(database, store);
  const start = await appProcesses({
    databaseUrl: database.url,
    connections: 4,
    calUrl: cal.url,
    clientId: cal.emulator.clientId,
    clientSecret: cal.emulator.clientSecret,
    timeoutMs: 60_000,
  });
  const world = {
    cal,
    store,
    database,
    start: () => {
      const process = start();
      started.push(process);
      return process;
    },
  };
  opened.push(world);
  return world;
}

let frozenWorld: World;
let slowWorld: World;
beforeAll(async () => {
  frozenWorld = await createWorld();
  slowWorld = await createWorld();
});
afterAll(async () => {
  await Promise.all(started.map((process) => process.end()));
  for (const { cal, database } of opened) {
    await cal.close();
    await database.drop();
  }
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

describe.concurrent("what takes long", () => {
  test("a process that was frozen past its lease does not overwrite newer tokens", async ({ annotate }) => {
    const { cal, start, store, database } = frozenWorld;
    // "written" is too late to overwrite anything.
    const places = points.slice(0, -1);
    const userIds = await cal.addUsers(places.length, "frozen");
    const other = start();

    async function freezeAt(point: Point, userId: string): Promise<void> {
      const frozen = start();
      await frozen.ready();
      await frozen.stopAt(point, "SIGSTOP");
      const woken = frozen.call(userId);
      const leased = `SELECT FROM "CalendarIntegration" WHERE "userUlid" = $1 AND "leaseOwner" IS NOT NULL`;
      while ((await database.pool.query(leased, [userId])).rows.length === 0) await pause(20);
      await pause(500);

      // The other one waits for the lease to end, unless the write was on its way already.
      const [outcome] = await other.call(userId);
      expect(outcome?.error).toBe(undefined);
      if (point !== "write sent") expect([point, outcome!.ms > 5_000]).toEqual([point, true]);
      const newer = await store.get(userId);

      frozen.signal("SIGCONT");
      expect(await woken).toEqual([{ ms: expect.any(Number) as number }]);
      const now = await store.get(userId);
      expect([point, now?.calAccessToken === newer?.calAccessToken]).toEqual([point, true]);
      expect(await frozen.call(userId)).toEqual([{ ms: expect.any(Number) as number }]);
    }

    await Promise.all(places.map((point, n) => freezeAt(point, userIds[n]!)));
    expect(await cal.usersWithDeadTokens()).toEqual([]);
    const { outcomes } = await other.counts();
    await annotate(
      `${places.length} processes frozen past their lease; the other one: ${JSON.stringify(outcomes)}`,
    );
  }, 60_000);

  test("Cal.com takes 20 s for a refresh, and fails before: no force-refresh, no lost token", async ({
    annotate,
  }) => {
    const { cal, start } = slowWorld;
    const userIds = await cal.addUsers(10, "slow");
    const path = /\/refresh$/;
    for (const effect of [{ status: 503 }, { reset: true } as const, { status: 429 }, { status: 500 }]) {
      cal.emulator.inject({ path, times: 10, effect });
    }
    cal.emulator.inject({ path, times: Infinity, effect: { delayMs: 20_000 } });

    const failures: Record<string, number> = {};
    async function callUntilAllSucceed(process: AppProcess): Promise<number> {
      let left = userIds;
      let longest = 0;
      while (left.length > 0) {
        const outcomes = await process.call(...left);
        left = left.filter((_, n) => outcomes[n]!.error !== undefined);
        for (const { error, ms } of outcomes) {
          if (error === undefined) longest = Math.max(longest, ms);
          else failures[error] = (failures[error] ?? 0) + 1;
        }
      }
      return longest;
    }
    const processes = Array.from({ length: 4 }, () => start());
    const longest = Math.max(...(await Promise.all(processes.map(callUntilAllSucceed))));

    expect(Object.keys(failures).sort()).toEqual(["network_error", "rate_limited", "server_error"]);
    expect(longest).toBeGreaterThan(19_000);
    expect([cal.refreshes(), cal.forceRefreshes()]).toEqual([userIds.length, 0]);
    expect(await cal.usersWithDeadTokens()).toEqual([]);
    await annotate(
      `40 refreshes failed (callers saw ${JSON.stringify(failures)}), ${cal.refreshes()} took 20 s, ` +
        `${cal.forceRefreshes()} force-refreshes; the longest call ${Math.round(longest)} ms`,
    );
  }, 90_000);
});
