import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { points, type Point } from "../../support/points.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { until } from "../../support/until.js";

// Both tests take long: one waits for the end of a lease, the other for a Cal.com that takes 20 seconds. So they run at the
// same time, each with its own emulated Cal.com and table.

interface Setup {
  cal: CalServer;
  start: () => AppProcess;
  store: ReturnType<typeof postgresTokenStore>;
  database: TestDatabase;
}

const opened: Setup[] = [];
const started: AppProcess[] = [];

async function createSetup(): Promise<Setup> {
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
  const created = {
    cal,
    store,
    database,
    start: () => {
      const process = start();
      started.push(process);
      return process;
    },
  };
  opened.push(created);
  return created;
}

let frozenSetup: Setup;
let slowSetup: Setup;
beforeAll(async () => {
  frozenSetup = await createSetup();
  slowSetup = await createSetup();
});
afterAll(async () => {
  await Promise.all(started.map((process) => process.end()));
  for (const { cal, database } of opened) {
    await cal.close();
    await database.drop();
  }
});

describe.concurrent("slow processes and a slow Cal.com", () => {
  test("a process that was frozen longer than its lease does not overwrite newer tokens", async ({
    annotate,
  }) => {
    const { cal, start, store, database } = frozenSetup;
    // Without "written", after which there is nothing left to write.
    const freezePoints = points.slice(0, -1);
    const userIds = await cal.addUsers(freezePoints.length, "frozen");
    const other = start();

    async function freezeAt(point: Point, userId: string): Promise<void> {
      const frozen = start();
      await frozen.ready();
      await frozen.stopAt(point, "SIGSTOP");
      const call = frozen.call(userId);
      await until(() => frozen.isStopped);
      const lease = `SELECT "expiresAt" AS "leaseEndsAt" FROM "CalendarIntegrationEntry" WHERE "key" = 'lease:' || $1`;
      const leaseEndsAt = (await database.pool.query<{ leaseEndsAt: Date | null }>(lease, [userId])).rows[0]!
        .leaseEndsAt;

      // The other process waits for the end of the lease, unless the write was already sent.
      const [outcome] = await other.call(userId);
      expect(outcome?.error).toBe(undefined);
      if (point !== "write sent") {
        const ended = await database.pool.query<{ ended: boolean }>(`SELECT now() >= $1 AS ended`, [
          leaseEndsAt,
        ]);
        expect([point, ended.rows[0]!.ended]).toEqual([point, true]);
      }
      const newer = await store.get(userId);

      frozen.signal("SIGCONT");
      expect(await call).toEqual([{ ms: expect.any(Number) as number }]);
      const now = await store.get(userId);
      expect([point, now?.calAccessToken === newer?.calAccessToken]).toEqual([point, true]);
      expect(await frozen.call(userId)).toEqual([{ ms: expect.any(Number) as number }]);
    }

    await Promise.all(freezePoints.map((point, n) => freezeAt(point, userIds[n]!)));
    expect(await cal.usersWithInvalidTokens()).toEqual([]);
    const { outcomes } = await other.counts();
    await annotate(
      `${freezePoints.length} processes frozen longer than their lease; the other process: ${JSON.stringify(outcomes)}`,
    );
  }, 240_000);

  test("when Cal.com fails and then takes 20 s for a refresh, there is no forced refresh and no lost token", async ({
    annotate,
  }) => {
    const { cal, start } = slowSetup;
    const userIds = await cal.addUsers(10, "slow");
    const path = /\/refresh$/;
    for (const effect of [{ status: 503 }, { reset: true } as const, { status: 429 }, { status: 500 }]) {
      cal.emulator.inject({ path, times: 10, effect });
    }
    cal.emulator.inject({ path, times: Infinity, effect: { delayMs: 20_000 } });

    const failures: Record<string, number> = {};
    async function callUntilAllSucceed(process: AppProcess): Promise<number> {
      let remaining = userIds;
      let longest = 0;
      while (remaining.length > 0) {
        const outcomes = await process.call(...remaining);
        remaining = remaining.filter((_, n) => outcomes[n]!.error !== undefined);
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
    expect(await cal.usersWithInvalidTokens()).toEqual([]);
    await annotate(
      `40 refreshes failed (callers saw ${JSON.stringify(failures)}), ${cal.refreshes()} took 20 s, ` +
        `${cal.forceRefreshes()} forced refreshes; the longest call ${Math.round(longest)} ms`,
    );
  }, 300_000);
});
