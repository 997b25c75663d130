import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

const PROCESSES = 8;
const USERS = 50;
const CALLS = 2000;

let database: TestDatabase;
let cal: CalServer;
let processes: AppProcess[];

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
  cal = await startCal(database, postgresTokenStore({ client: database.pool }));
  const start = await appProcesses({
    databaseUrl: database.url,
    // One: a refresh that held it would keep every other user of the process waiting.
    connections: 1,
    calUrl: cal.url,
    clientId: cal.emulator.clientId,
    clientSecret: cal.emulator.clientSecret,
    timeoutMs: 30_000,
  });
  processes = Array.from({ length: PROCESSES }, () => start());
  await Promise.all(processes.map((process) => process.ready()));
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.end()));
  await cal.close();
  await database.drop();
});

/** Every process calls for every user, several times, all at once. */
async function storm(userIds: string[]) {
  const each = CALLS / PROCESSES / USERS;
  const calls = Array.from({ length: each }, () => userIds).flat();
  return (await Promise.all(processes.map((process) => process.call(...calls)))).flat();
}

async function queries(): Promise<number> {
  const counts = await Promise.all(processes.map((process) => process.counts()));
  return counts.reduce((sum, count) => sum + count.queries, 0);
}

/** Looks again and again until `isOver`; answers the largest of what it saw. */
async function largest(look: () => number | Promise<number>, isOver: () => boolean): Promise<number> {
  let most = 0;
  while (!isOver()) {
    most = Math.max(most, await look());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return most;
}

test(`${PROCESSES} processes, ${USERS} users, ${CALLS} calls, every token expired: one refresh each`, async ({
  annotate,
}) => {
  const userIds = await cal.addUsers(USERS);
  cal.emulator.inject({ path: /\/refresh$/, times: Infinity, effect: { delayMs: 400 } });

  let isOver = false;
  const over = () => isOver;
  const out = () =>
    cal.emulator.requests.filter(({ path, status }) => path.endsWith("/refresh") && status === 0);
  const inTransaction = `SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
  const watching = [
    largest(() => out().length, over),
    largest(async () => (await database.pool.query<{ n: number }>(inTransaction)).rows[0]!.n, over),
  ];
  const outcomes = await storm(userIds);
  isOver = true;
  const [refreshesAtOnce, transactionsAtOnce] = await Promise.all(watching);

  expect(outcomes).toHaveLength(CALLS);
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(userIds.map((userId) => cal.refreshes(userId))).toEqual(userIds.map(() => 1));
  expect([cal.refreshes(), cal.forceRefreshes()]).toEqual([USERS, 0]);
  // More refreshes were out at once than all processes together have connections: none held one.
  expect(refreshesAtOnce).toBeGreaterThan(PROCESSES);
  expect(transactionsAtOnce).toBe(0);
  expect(await cal.usersWithDeadTokens()).toEqual([]);

  // From now on the cache answers: the store is not asked.
  const before = await queries();
  const hot = await storm(userIds);
  expect(hot.filter(({ error }) => error !== undefined)).toEqual([]);
  expect((await queries()) - before).toBe(0);
  await annotate(
    `${CALLS} calls, ${cal.refreshes()} refreshes, ${cal.forceRefreshes()} force-refreshes, ` +
      `${refreshesAtOnce} refreshes out at once over ${PROCESSES} connections, 0 queries for ${CALLS} further calls`,
  );
}, 60_000);
