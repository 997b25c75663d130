import { afterAll, beforeAll, expect, test } from "vitest";
import PgBoss from "pg-boss";
import { queueDueUsers, startChecks, stopChecks } from "../../examples/pg-boss/check-connections.js";
import { CalClient, type ConnectionChange } from "../../src/index.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
} from "../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator } from "../../src/testing/index.js";
import { createDatabase, createPool, type TestDatabase } from "../support/postgres.js";

// The example, on two machines: two instances of pg-boss, each with a client of its own.

const USERS = 20;
let database: TestDatabase;
let emulator: CalEmulator;
const machines: { boss: PgBoss; cal: CalClient }[] = [];
const told: ConnectionChange[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  emulator = createCalEmulator();
  for (let n = 0; n < 2; n += 1) {
    const boss = new PgBoss({ connectionString: database.url, max: 4 });
    boss.on("error", () => undefined);
    await boss.start();
    machines.push({ boss, cal: createClient() });
  }
});

afterAll(async () => {
  for (const { boss } of machines) await boss.stop({ graceful: false, wait: true, timeout: 2_000 });
  await database.drop();
});

const connectionStore = () => postgresConnectionStore({ client: database.pool });

function createClient(pool = database.pool): CalClient {
  return new CalClient({
    ...emulator.clientOptions,
    tokenStore: postgresTokenStore({ client: pool }),
    connectionStore: postgresConnectionStore({ client: pool }),
    hooks: { onConnectionChange: (change) => void told.push(change) },
  });
}

test("the example on pg-boss checks each user who is due once, on two machines, and reports what broke", async () => {
  const [first, second] = machines as [(typeof machines)[0], (typeof machines)[0]];
  for (let n = 0; n < USERS; n += 1) {
    const user = await first.cal.ensureUser(`user-${n}`, { email: `user-${n}@example.com`, name: "User" });
    const { id } = await user.profile();
    emulator.calendars.connect(id, "google", `user-${n}@gmail.example`);
  }
  // Cal.com keeps the list for 10 seconds.
  emulator.clock.advance(15_000);
  for (const { boss, cal } of machines)
    await startChecks({ boss, cal, connectionStore: connectionStore(), concurrency: 3 });

  const checked = async () => {
    const checks = await Promise.all(
      Array.from({ length: USERS }, (_, n) => first.cal.lastConnectionCheck(`user-${n}`)),
    );
    return checks.filter((check) => check !== null && check.connections.length > 0).length;
  };
  expect(await queueDueUsers(second.boss, connectionStore())).toBe(USERS);
  expect(await queueDueUsers(first.boss, connectionStore()), "no user is queued twice").toBe(0);
  await expect.poll(checked, { timeout: 60_000, interval: 250 }).toBe(USERS);
  expect(emulator.count({ path: "/calendars" })).toBe(USERS);

  const broken = (await postgresTokenStore({ client: database.pool }).get("user-7"))!.calUserId;
  emulator.provider.revoke({ userId: broken });
  await connectionStore().makeDue("user-7");
  expect(await queueDueUsers(first.boss, connectionStore())).toBe(1);
  await expect
    .poll(() => told.map(({ userId, to }) => `${userId} ${to}`), { timeout: 60_000 })
    .toEqual(["user-7 broken"]);
}, 180_000);

test("a machine that is told to stop in the middle of a refresh writes the new tokens first", async () => {
  const pool = createPool(database.url);
  const boss = new PgBoss({ connectionString: database.url, max: 4 });
  boss.on("error", () => undefined);
  await boss.start();
  const cal = createClient(pool);
  const user = await cal.ensureUser("dora", { email: "dora@example.com", name: "Dora" });
  const calUserId = (await user.profile()).id;
  const stored = () => postgresTokenStore({ client: database.pool }).get("dora");
  const before = (await stored())!.version;
  emulator.users.expireAccessTokens(calUserId);
  emulator.inject({ method: "POST", path: /\/refresh$/, effect: { delayMs: 500 } });
  // The call gives up before the refresh has ended.
  await expect(user.profile({ timeoutMs: 100 })).rejects.toMatchObject({ code: "timeout" });
  await stopChecks({ boss, cal });
  await pool.end();

  const { calAccessToken, version } = (await stored())!;
  expect(version).toBeGreaterThan(before);
  expect(emulator.users.tokens(calUserId).accessTokens).toContain(calAccessToken);
});
