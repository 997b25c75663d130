import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { appProcesses, type AppProcess } from "../../support/app-processes.js";
import { startCal, type CalServer } from "../../support/cal-server.js";
import { createPool } from "../../support/pool.js";
import { startPostgres, type PostgresServer } from "../../support/postgres-server.js";

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
    timeoutMs: 30_000,
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

test("the database is stopped and started under load: calls succeed or are store errors, and no token is lost", async ({
  annotate,
}) => {
  const userIds = await cal.addUsers(20);
  cal.emulator.inject({ path: /\/refresh$/, times: Infinity, effect: { delayMs: 50 } });
  let isOver = false;
  const ended: Record<string, number> = {};

  /** Calls for the user again and again. */
  async function load(process: AppProcess, userId: string): Promise<void> {
    while (!isOver) {
      const [outcome] = await process.call(userId);
      const how = outcome!.error ?? "success";
      ended[how] = (ended[how] ?? 0) + 1;
      await pause(10);
    }
  }
  /** One user's token after another ends: the last ones while the database goes away. */
  async function expireAll(): Promise<void> {
    for (const userId of userIds) {
      cal.emulator.users.expireAccessTokens(cal.calUserIdOf(userId));
      await pause(20);
    }
  }
  const running = processes.flatMap((process) => userIds.map((userId) => load(process, userId)));
  await pause(700);
  for (let time = 0; time < 2; time += 1) {
    const expiring = expireAll();
    await pause(250);
    await server.pause();
    await expiring;
    await pause(500);
    await server.resume();
    await pause(1200);
  }
  isOver = true;
  await Promise.all(running);

  expect(Object.keys(ended).sort()).toEqual(["store_error", "success"]);
  // Everything works again at once, for everybody.
  const afterwards = (await Promise.all(processes.map((process) => process.call(...userIds)))).flat();
  expect(afterwards.filter(({ error }) => error !== undefined)).toEqual([]);
  expect(await cal.usersWithDeadTokens()).toEqual([]);
  await annotate(
    `2 restarts: ${JSON.stringify(ended)}, ${cal.refreshes()} refreshes, ${cal.forceRefreshes()} recoveries; ` +
      "every user with working tokens afterwards",
  );
}, 60_000);
