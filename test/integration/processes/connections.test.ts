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
const CLAIM_MS = 1_500;
// How long processes need depends on the machine: this time says that they do nothing at all.
const STUCK_MS = 60_000;

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
  // Of each claim: for how long its users were due and claimed by nobody, and how many others were so for longer, by more
  // than the time of a claim. Another process may be claiming those at this moment: then they are locked.
  await database.pool.query(`
    CREATE TABLE waits ("userId" TEXT, ms FLOAT8, skipped INTEGER);
    CREATE FUNCTION note_claim() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        INSERT INTO waits
          SELECT "userId", 1000 * extract(epoch FROM clock_timestamp() - since), (
            SELECT count(*) FROM (
              SELECT 1 FROM "CalendarConnectionState" other
              WHERE greatest(other."dueAt", other."claimedUntil") < since - interval '${CLAIM_MS} milliseconds'
              FOR UPDATE SKIP LOCKED
            ) skipped
          )
          FROM (
            SELECT "userId", greatest(before."dueAt", before."claimedUntil") AS since
            FROM before JOIN after USING ("userId")
            WHERE after."claimedUntil" IS NOT NULL AND after."claimedUntil" IS DISTINCT FROM before."claimedUntil"
          ) claimed;
        RETURN NULL;
      END $$;
    CREATE TRIGGER note_claim AFTER UPDATE ON "CalendarConnectionState"
      REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION note_claim();
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
    await expect
      .poll(async () => [...(await seenAt()).values()].filter((at) => at < since), { timeout: STUCK_MS })
      .toEqual([]);
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
      { timeout: STUCK_MS },
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
    await database.pool.query<{ claims: string; longest: number; skipped: string }>(
      `SELECT count(*) AS claims, max(ms) AS longest, sum(skipped) AS skipped FROM waits`,
    )
  ).rows;
  expect(Number(wait!.skipped), "users who were skipped for longer than a claim").toBe(0);
  const calls = Number(
    (await database.pool.query<{ count: string }>("SELECT count(*) FROM told")).rows[0]?.count,
  );
  await annotate(
    `${kills} kills, ${wait!.claims} claims, ${rows.length} changes told in ${calls} calls; ${wait!.skipped} users skipped for longer than a claim of ${CLAIM_MS} ms; the longest wait for one was ${Math.round(wait!.longest)} ms`,
  );
}, 900_000);
