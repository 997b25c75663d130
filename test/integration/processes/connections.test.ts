import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { afterAll, beforeAll, expect, test } from "vitest";
import { CalClient } from "../../../src/index.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { bundle } from "../../support/bundle.js";
import type { CheckConfig } from "../../support/check-process.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

// More before a release: CALBRIDGE_KILLS=200.
const KILLS = Number(process.env["CALBRIDGE_KILLS"] ?? 40);
const USERS = 24;
/** How long a claim lasts: the lease of a user. */
const CLAIM_MS = 5_000;

let database: TestDatabase;
let emulator: CalEmulator;
let close: () => Promise<void>;
let startProcess: () => ChildProcess;
const calUserIds = new Map<string, number>();

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  await database.pool.query(
    `CREATE TABLE told (id TEXT, "userId" TEXT, "from" TEXT, "to" TEXT, at TIMESTAMPTZ DEFAULT clock_timestamp())`,
  );
  // At each claim: for how long the user was due, and claimed by nobody.
  await database.pool.query(`
    CREATE TABLE waits ("userId" TEXT, ms FLOAT8);
    CREATE FUNCTION note_wait() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
      INSERT INTO waits VALUES (NEW."userId",
        1000 * extract(epoch FROM clock_timestamp() - greatest(OLD."dueAt", OLD."claimedUntil")));
      RETURN NEW;
    END $$;
    CREATE TRIGGER note_wait BEFORE UPDATE ON "CalendarConnectionState" FOR EACH ROW
      WHEN (NEW."claimedUntil" IS NOT NULL AND NEW."claimedUntil" IS DISTINCT FROM OLD."claimedUntil")
      EXECUTE FUNCTION note_wait();
  `);
  // With a latency, there is time to kill a process during a request.
  emulator = createCalEmulator({ latencyMs: 5 });
  const server = await emulator.listen();
  close = server.close;
  const config: CheckConfig = {
    databaseUrl: database.url,
    calUrl: server.url,
    clientId: emulator.clientId,
    clientSecret: emulator.clientSecret,
    claimMs: CLAIM_MS,
  };
  const file = await bundle("check-process");
  startProcess = () => fork(file, [JSON.stringify(config)], { execArgv: [] });
  const cal = new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: server.url,
    tokenStore: postgresTokenStore({ client: database.pool }),
  });
  for (let n = 0; n < USERS; n += 1) {
    const user = await cal.ensureUser(`user-${n}`, { email: `user-${n}@example.com`, name: "User" });
    const { id } = await user.profile();
    emulator.calendars.connect(id, "google", `user-${n}@gmail.example`);
    calUserIds.set(user.id, id);
  }
  // Cal.com keeps the list for 10 seconds.
  emulator.clock.advance(15_000);
}, 120_000);

afterAll(async () => {
  await close();
  await database.drop();
});

const seenAt = async (): Promise<Map<string, number>> => {
  const { rows } = await database.pool.query<{ userId: string; details: string | null }>(
    `SELECT "userId", "details" FROM "CalendarConnectionState"`,
  );
  return new Map(
    rows.map(({ userId, details }) => [
      userId,
      details === null ? 0 : (JSON.parse(details) as { seenAt: number }).seenAt,
    ]),
  );
};

test(`two processes, of which one or the other is killed ${KILLS} times: no user is skipped, each change has one id`, async ({
  annotate,
}) => {
  const store = postgresConnectionStore({ client: database.pool });
  const userIds = [...calUserIds.keys()];
  const makeAllDue = () => Promise.all(userIds.map((userId) => store.makeDue(userId)));

  /** Waits until all users were checked who were due at this time. Meanwhile, no process is killed. */
  async function allChecked(since: number): Promise<void> {
    const startedAt = Date.now();
    while ([...(await seenAt()).values()].some((at) => at < since)) {
      // The claims of killed processes end, and then the users are claimed again.
      expect(Date.now() - startedAt, "a user was not checked").toBeLessThan(2 * CLAIM_MS);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  const processes = [startProcess(), startProcess()];
  const startedAt = Date.now();
  await makeAllDue();
  await allChecked(startedAt);
  // What is true of each user, and how often that has changed.
  const isBroken = new Map(userIds.map((userId) => [userId, false]));
  const changes = new Map(userIds.map((userId) => [userId, 0]));
  let kills = 0;
  while (kills < KILLS) {
    for (const userId of userIds.filter(() => Math.random() < 0.5)) {
      const match = { userId: calUserIds.get(userId)! };
      if (isBroken.get(userId)) emulator.provider.restore(match);
      else emulator.provider.revoke(match);
      isBroken.set(userId, !isBroken.get(userId));
      changes.set(userId, changes.get(userId)! + 1);
    }
    const since = Date.now();
    await makeAllDue();
    // Meanwhile, one after the other is killed, at a random time.
    for (let n = 0; n < 20; n += 1) {
      await new Promise((resolve) => setTimeout(resolve, Math.random() * 120));
      const victim = processes[n % 2]!;
      victim.kill("SIGKILL");
      await once(victim, "exit");
      processes[n % 2] = startProcess();
      await once(processes[n % 2]!, "message");
      kills += 1;
    }
    await allChecked(since);
  }
  // What a killed process has found, and not told.
  await expect
    .poll(
      async () => {
        const { rows } = await database.pool.query<{ count: string }>(
          `SELECT count(*) FROM "CalendarConnectionState" WHERE "details"::jsonb -> 'pending' <> '[]'::jsonb`,
        );
        return Number(rows[0]?.count);
      },
      { timeout: 3 * CLAIM_MS },
    )
    .toBe(0);
  for (const process of processes) process.kill("SIGKILL");

  const { rows } = await database.pool.query<{ id: string; userId: string; to: string }>(
    `SELECT id, "userId", min("to") AS "to", min(at) AS first FROM told GROUP BY id, "userId" ORDER BY first`,
  );
  for (const userId of userIds) {
    const told = rows.filter((row) => row.userId === userId).map(({ to }) => to);
    // Each change once, by its id, and in its order.
    expect(told, userId).toEqual(
      Array.from({ length: changes.get(userId)! }, (_, n) => (n % 2 === 0 ? "broken" : "connected")),
    );
  }
  const [wait] = (
    await database.pool.query<{ claims: string; longest: number }>(
      `SELECT count(*) AS claims, max(ms) AS longest FROM waits`,
    )
  ).rows;
  // Also while processes are killed: a user who is due, and whom no claim protects, is claimed within the time of one.
  expect(wait!.longest).toBeLessThan(CLAIM_MS);
  const calls = Number(
    (await database.pool.query<{ count: string }>("SELECT count(*) FROM told")).rows[0]?.count,
  );
  await annotate(
    `${kills} kills, ${wait!.claims} claims, ${rows.length} changes told in ${calls} calls; a user who was due was claimed after at most ${Math.round(wait!.longest)} ms, with claims of ${CLAIM_MS} ms`,
  );
}, 900_000);
