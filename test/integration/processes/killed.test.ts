import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { killsFromEnv, points } from "../../support/points.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

const { kills: KILLS, timeoutMs: TIMEOUT_MS } = killsFromEnv(210);
const KILLS_OF_EACH_USER = 2;
const SURVIVORS = 3;
// The time of a lease, and generous time for a busy machine. Without the end of the lease, a call would wait 60 seconds.
const LONGEST_WAIT_MS = 8_000 + 30_000;

let database: TestDatabase;
let cal: CalServer;
let start: Awaited<ReturnType<typeof appProcesses>>;
let survivors: AppProcess[];

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
  // With a latency, there is time to kill a process during a request.
  const store = postgresTokenStore({ client: database.pool });
  cal = await startCal(database, store, { latencyMs: 10 });
  start = await appProcesses({
    databaseUrl: database.url,
    connections: 2,
    calUrl: cal.url,
    clientId: cal.emulator.clientId,
    clientSecret: cal.emulator.clientSecret,
    timeoutMs: 60_000,
  });
  survivors = Array.from({ length: SURVIVORS }, () => start({ connections: 10 }));
});
afterAll(async () => {
  await Promise.all(survivors.map((process) => process.end()));
  await cal.close();
  await database.drop();
});

/** Starts a process and kills it while it refreshes the user's tokens: at a point or at a random time. */
async function killDuringRefresh(userId: string, n: number): Promise<string> {
  const place = [...points, "random time"][n % (points.length + 1)] ?? "";
  const point = points.find((name) => name === place);
  const victim = start();
  await victim.ready();
  if (point) await victim.stopAt(point);
  const called = victim.call(userId).catch(() => "killed");
  if (!point) setTimeout(() => victim.signal("SIGKILL"), Math.random() * 150);
  const outcome = await Promise.race([victim.ended, called]);
  // The random time may be after the end of the call.
  if (point) expect({ point, outcome: outcome ?? "killed" }).toEqual({ point, outcome: "killed" });
  await victim.end();
  return place;
}

test(
  `after ${KILLS} processes are killed during a refresh, all users have valid tokens`,
  async ({ annotate }) => {
    const userIds = await cal.addUsers(KILLS / KILLS_OF_EACH_USER);
    const killed: Record<string, number> = {};
    const waits: number[] = [];
    let running = 0;

    /** Kills a process, and then makes calls for its user in all other processes. At most six at a time. */
    async function killAndCall(userId: string, n: number): Promise<void> {
      while (running >= 6) await new Promise((resolve) => setTimeout(resolve, 20));
      running += 1;
      const place = await killDuringRefresh(userId, n).finally(() => (running -= 1));
      killed[place] = (killed[place] ?? 0) + 1;
      // All surviving processes need tokens for the user, at the same time.
      const outcomes = (await Promise.all(survivors.map((process) => process.call(userId)))).flat();
      expect(outcomes.map(({ error }) => error)).toEqual(survivors.map(() => undefined));
      waits.push(...outcomes.map(({ ms }) => ms));
    }

    await Promise.all(
      userIds.map(async (userId, user) => {
        for (let time = 0; time < KILLS_OF_EACH_USER; time += 1) {
          if (time > 0) await cal.expire(userId);
          await killAndCall(userId, user * KILLS_OF_EACH_USER + time);
        }
      }),
    );

    expect(Object.values(killed).reduce((sum, count) => sum + count)).toBe(KILLS);
    expect(Math.max(...waits)).toBeLessThan(LONGEST_WAIT_MS);
    expect(await cal.usersWithInvalidTokens()).toEqual([]);
    // No new consent is needed: the calendars are still connected, and the tokens give access to them.
    const fresh = start();
    const calls = await fresh.call(...userIds);
    expect(calls.filter(({ error }) => error !== undefined)).toEqual([]);
    await fresh.end();
    for (const userId of userIds) {
      expect(cal.emulator.calendars.credentials(cal.calUserIdOf(userId))).toHaveLength(1);
    }
    await annotate(
      `${KILLS} kills (${JSON.stringify(killed)}), ${cal.refreshes()} refreshes, ${cal.forceRefreshes()} recoveries; ` +
        `longest wait ${Math.round(Math.max(...waits))} ms, all users have valid tokens`,
    );
  },
  TIMEOUT_MS,
);
