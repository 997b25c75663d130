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
    // One connection: a refresh that held it would block all other users of the process.
    connections: 1,
    calUrl: cal.url,
    clientId: cal.emulator.clientId,
    clientSecret: cal.emulator.clientSecret,
    timeoutMs: 240_000,
  });
  processes = Array.from({ length: PROCESSES }, () => start());
  await Promise.all(processes.map((process) => process.ready()));
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.end()));
  await cal.close();
  await database.drop();
});

/** Each process makes several calls for each user, all at once. */
async function callAll(userIds: string[]) {
  const each = CALLS / PROCESSES / USERS;
  const calls = Array.from({ length: each }, () => userIds).flat();
  return (await Promise.all(processes.map((process) => process.call(...calls)))).flat();
}

async function queries(): Promise<number> {
  const counts = await Promise.all(processes.map((process) => process.counts()));
  return counts.reduce((sum, count) => sum + count.queries, 0);
}

/** Measures until `isOver` and returns the largest value. */
async function largest(measure: () => number | Promise<number>, isOver: () => boolean): Promise<number> {
  let max = 0;
  while (!isOver()) {
    max = Math.max(max, await measure());
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  return max;
}

test(`${CALLS} calls in ${PROCESSES} processes for ${USERS} users whose tokens have expired cause one refresh for each user`, async ({
  annotate,
}) => {
  const userIds = await cal.addUsers(USERS);
  cal.emulator.inject({ path: /\/refresh$/, times: Infinity, effect: { delayMs: 1_000 } });

  let isOver = false;
  const over = () => isOver;
  const inFlight = () =>
    cal.emulator.requests.filter(({ path, status }) => path.endsWith("/refresh") && status === 0);
  const inTransaction = `SELECT count(*)::int AS n FROM pg_stat_activity
    WHERE datname = current_database() AND state LIKE 'idle in transaction%'`;
  const measuring = [
    largest(() => inFlight().length, over),
    largest(async () => (await database.pool.query<{ n: number }>(inTransaction)).rows[0]!.n, over),
  ];
  const outcomes = await callAll(userIds);
  isOver = true;
  const [refreshesAtOnce, transactionsAtOnce] = await Promise.all(measuring);

  expect(outcomes).toHaveLength(CALLS);
  expect(outcomes.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(userIds.map((userId) => cal.refreshes(userId))).toEqual(userIds.map(() => 1));
  expect([cal.refreshes(), cal.forceRefreshes()]).toEqual([USERS, 0]);
  // More refreshes were in flight than all processes together have connections, so a refresh holds no connection.
  expect(refreshesAtOnce).toBeGreaterThan(PROCESSES);
  expect(transactionsAtOnce).toBe(0);
  expect(await cal.usersWithInvalidTokens()).toEqual([]);

  // From now on the records are cached, so the store is not read.
  const before = await queries();
  const cached = await callAll(userIds);
  expect(cached.filter(({ error }) => error !== undefined)).toEqual([]);
  expect((await queries()) - before).toBe(0);
  await annotate(
    `${CALLS} calls, ${cal.refreshes()} refreshes, ${cal.forceRefreshes()} forced refreshes, ` +
      `${refreshesAtOnce} refreshes in flight over ${PROCESSES} connections, 0 queries for ${CALLS} further calls`,
  );
}, 300_000);
