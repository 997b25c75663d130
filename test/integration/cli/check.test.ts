import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { CommandIo } from "../../../src/cli/command.js";
import { CalClient } from "../../../src/index.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

let database: TestDatabase;
let emulator: CalEmulator;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  // The pauses between two users, and nothing else.
  vi.stubGlobal("setTimeout", (run: () => void, ms = 0, ...rest: []) =>
    realTimeout(run, ms > 100 && ms < 1_000 ? 0 : ms, ...rest),
  );
  emulator = createCalEmulator({ clientSecret: "s3cret-of-the-client" });
  await database.pool.query(
    `DROP TABLE IF EXISTS "CalendarIntegration", "CalendarIntegrationEntry", "CalendarConnectionState"`,
  );
  await createSchema(database.pool, { connections: true });
});
afterEach(() => void vi.unstubAllGlobals());
const realTimeout = globalThis.setTimeout;

/** The application's client, as it runs elsewhere. */
function application(): CalClient {
  return new CalClient({
    ...emulator.clientOptions,
    tokenStore: postgresTokenStore({ client: database.pool }),
    now: emulator.clock.now,
  });
}

/** A user with a Google calendar. Returns Cal.com's id of the user. */
async function addUser(userId: string): Promise<number> {
  const user = await application().ensureUser(userId, { email: `${userId}@example.com`, name: userId });
  const { id } = await user.profile();
  emulator.calendars.connect(id, "google", `${userId}@gmail.example`);
  emulator.clock.advance(15_000);
  return id;
}

async function check(args: string[], io: Partial<CommandIo> = {}): Promise<CommandResult> {
  const result = await runCommand(["check", ...args], {
    env: {
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: emulator.clientSecret,
      CAL_API_URL: emulator.url,
      DATABASE_URL: database.url,
    },
    fetch: emulator.fetch,
    now: emulator.clock.now,
    untilStopped: () => new Promise(() => undefined),
    ...io,
  });
  for (const secret of [emulator.clientSecret, database.url, "postgres:postgres", "eyJ"]) {
    expect(result.out + result.err).not.toContain(secret);
  }
  return result;
}

describe("calbridge check", () => {
  test("--enroll adds the users, --due checks them and prints those that don't work", async () => {
    for (const userId of ["ada", "bob", "cyd"]) await addUser(userId);
    expect(await check(["--enroll"])).toMatchObject({ code: 0, out: "3 users looked at, 3 added." });
    const store = postgresConnectionStore({ client: database.pool });
    for (const userId of ["ada", "bob", "cyd"]) await store.makeDue(userId);
    expect(await check(["--due"])).toEqual({
      code: 0,
      err: "",
      out: "3 users checked, 0 changes, 0 failed. No other user is due.",
    });
    const adaId = (await postgresTokenStore({ client: database.pool }).get("ada"))!.calUserId;
    emulator.provider.revoke({ userId: adaId });
    for (const userId of ["ada", "bob"]) await store.makeDue(userId);
    const lines: string[] = [];
    const result = await check(["--due", "--limit", "5"], { progress: (line) => void lines.push(line) });
    expect(result.code).toBe(0);
    expect(result.out.split("\n")).toEqual([
      "user  calendar                           status  since  what to do",
      "ada   Google Calendar ada@gmail.example  broken  0 min  Google Calendar: access was revoked at the provider. Connect it again.",
      "2 users checked, 1 changes, 0 failed. No other user is due.",
    ]);
    expect(lines.at(-1)).toBe("");
    expect(lines).toContain("[########------------] 2 users, 1 changes, 0 failed");
  });

  test("calls no hook: the application's hook is called at its own next check", async () => {
    const adaId = await addUser("ada");
    await check(["--user", "ada"]);
    emulator.provider.revoke({ userId: adaId });
    emulator.clock.advance(60_000);
    expect((await check(["--user", "ada"])).code).toBe(1);
    const told: string[] = [];
    const app = new CalClient({
      ...emulator.clientOptions,
      now: emulator.clock.now,
      tokenStore: postgresTokenStore({ client: database.pool }),
      connectionStore: postgresConnectionStore({ client: database.pool }),
      hooks: { onConnectionChange: ({ to }) => void told.push(to) },
    });
    await app.checkConnection("ada");
    expect(told).toEqual(["broken"]);
  });

  test("--user prints all connections of one user; exit code 0 if they work", async () => {
    await addUser("ada");
    const { code, out } = await check(["--user", "ada"]);
    expect(code).toBe(0);
    expect(out).toMatch(/^ada +Cal.com account +connected +0 min$/m);
    expect(out).toMatch(/^ada +Google Calendar ada@gmail.example +connected +0 min$/m);
    expect(await check(["--user", "nobody"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("ensureUser"),
    });
  });

  test("a run that is stopped prints that, and the other users stay due", async () => {
    for (const userId of ["ada", "bob"]) await addUser(userId);
    const store = postgresConnectionStore({ client: database.pool });
    for (const userId of ["ada", "bob"]) await store.makeDue(userId);
    const { code, out } = await check(["--due", "--concurrency", "1"], {
      untilStopped: () => Promise.resolve(),
    });
    expect(code).toBe(1);
    expect(out).toContain("Others are due: run it again.");
  });

  test("users who can't be checked are named, and make the exit code 1", async () => {
    await addUser("ada");
    await postgresConnectionStore({ client: database.pool }).makeDue("ada");
    const env = {
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: "wrong",
      CAL_API_URL: emulator.url,
      DATABASE_URL: database.url,
    };
    emulator.clock.advance(2 * 60 * 60_000);
    const { code, err } = await check(["--due"], { env });
    expect(code).toBe(1);
    expect(err).toMatch(/^failed {3}ada: /);
  });

  test("a table that is missing is named with the command that prints it", async () => {
    await database.pool.query(`DROP TABLE "CalendarConnectionState"`);
    expect(await check(["--due"])).toMatchObject({
      code: 1,
      err: expect.stringContaining("calbridge schema --connections"),
    });
  });

  test.each([[[]], [["--due", "--enroll"]], [["--due", "--limit", "0"]], [["--due", "--concurrency", "x"]]])(
    "called wrongly, with %j: says how, and exits with 2",
    async (args) => {
      const { code, err } = await check(args);
      expect(code).toBe(2);
      expect(err).toContain("calbridge check --due | --user <id> | --enroll");
    },
  );
});
