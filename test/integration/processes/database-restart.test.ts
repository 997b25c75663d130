import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { createPool } from "../../support/pool.js";
import { startPostgres, type PostgresServer } from "../../support/postgres-server.js";
import { until } from "../../support/until.js";

let server: PostgresServer;
let pool: ReturnType<typeof createPool>;
let cal: CalServer;
let processes: AppProcess[];

beforeAll(async () => {
  server = await startPostgres();
  pool = createPool(server.url);
  await createSchema(pool);
  cal = await startCal({ pool }, postgresTokenStore({ client: pool }));
  const start = await appProcesses({
    databaseUrl: server.url,
    connections: 4,
    calUrl: cal.url,
    clientId: cal.emulator.clientId,
    clientSecret: cal.emulator.clientSecret,
    timeoutMs: 120_000,
  });
  processes = Array.from({ length: 3 }, () => start());
});
afterAll(async () => {
  await Promise.all(processes.map((process) => process.end()));
  await pool.end();
  await cal.close();
  await server.stop();
});

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test("when the database restarts under load, calls succeed or reject with store_error, and no token is lost", async ({
  annotate,
}) => {
  const userIds = await cal.addUsers(20);
  cal.emulator.inject({ path: /\/refresh$/, times: Infinity, effect: { delayMs: 50 } });
  let isOver = false;
  const ended: Record<string, number> = {};
  // For each process and user, the number of calls that succeeded and that failed.
  const loops: { successes: number; failures: number }[] = [];

  /** Makes calls for the user until the end of the test. */
  async function load(process: AppProcess, userId: string): Promise<void> {
    const loop = { successes: 0, failures: 0 };
    loops.push(loop);
    while (!isOver) {
      const [outcome] = await process.call(userId);
      loop[outcome!.error === undefined ? "successes" : "failures"] += 1;
      const end = outcome!.error ?? "success";
      ended[end] = (ended[end] ?? 0) + 1;
      await pause(10);
    }
  }
  /** Lets the users' tokens expire one after another, the last ones while the database is stopped. */
  async function expireAll(): Promise<void> {
    for (const userId of userIds) {
      cal.emulator.users.expireAccessTokens(cal.calUserIdOf(userId));
      await pause(20);
    }
  }
  /** Waits until a call that started later than this has succeeded, for each process and user. */
  async function allSucceedAgain(): Promise<void> {
    const before = loops.map(({ successes }) => successes);
    await until(() => loops.every(({ successes }, n) => successes >= before[n]! + 2));
  }
  /** Waits until ten more calls have failed. */
  async function someFail(): Promise<void> {
    const count = () => loops.reduce((sum, { failures }) => sum + failures, 0);
    const before = count();
    await until(() => count() >= before + 10);
  }
  const running = processes.flatMap((process) => userIds.map((userId) => load(process, userId)));
  await allSucceedAgain();
  for (let time = 0; time < 2; time += 1) {
    const expiring = expireAll();
    await pause(250);
    await server.pause();
    await expiring;
    await someFail();
    await server.resume();
    await allSucceedAgain();
  }
  isOver = true;
  await Promise.all(running);

  expect(Object.keys(ended).sort()).toEqual(["store_error", "success"]);
  // Everything works again at once, for all users.
  const afterwards = (await Promise.all(processes.map((process) => process.call(...userIds)))).flat();
  expect(afterwards.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(await cal.usersWithInvalidTokens()).toEqual([]);
  await annotate(
    `2 restarts: ${JSON.stringify(ended)}, ${cal.refreshes()} refreshes, ${cal.forceRefreshes()} recoveries; ` +
      "all users have valid tokens afterwards",
  );
}, 300_000);
