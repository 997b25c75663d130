import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { createCalEmulator, type CalEmulator } from "../../../src/testing/index.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { CalClient } from "../../../src/index.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { dropTables } from "../../support/tables.js";

const key = randomBytes(32).toString("base64");
let database: TestDatabase;
let emulator: CalEmulator;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  emulator = createCalEmulator({ clientSecret: "s3cret-of-the-client" });
  await dropTables(database.pool);
  await createSchema(database.pool);
  const tokenStore = encryptedTokenStore(postgresTokenStore({ client: database.pool }), {
    keys: { k1: key },
  });
  const cal = new CalClient({
    ...emulator.clientOptions,
    tokenStore,
  });
  for (const id of ["ada", "bob with space"]) {
    await cal.ensureUser(id, { email: `${id.slice(0, 3)}@example.com`, name: id });
  }
  const { calUserId } = (await tokenStore.get("ada"))!;
  emulator.calendars.connect(calUserId, "google", "alice");
});

async function run(args: string[], env: Record<string, string> = {}): Promise<CommandResult> {
  const result = await runCommand(args, {
    env: {
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: emulator.clientSecret,
      CAL_API_URL: emulator.url,
      CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}`,
      DATABASE_URL: database.url,
      ...env,
    },
    fetch: emulator.fetch,
  });
  for (const secret of [emulator.clientSecret, key, database.url, "eyJ"]) {
    expect(result.out + result.err).not.toContain(secret);
  }
  return result;
}

test("users lists the users, one a line, and counts them", async () => {
  const { code, out, err } = await run(["users"]);
  expect([code, err]).toEqual([0, ""]);
  const lines = out.split("\n");
  expect(lines).toHaveLength(3);
  expect(out).toMatch(/^ada {2}managed user \d+ {2}tokens of .*Z {2}access until .*Z {2}refresh until .*Z$/m);
  expect(out).toMatch(/^"bob with space" {2}managed user/m);
  expect(lines.at(-1)).toBe("2 users.");
});

test("users --json prints an object a line, and --problems only those who need attention", async () => {
  const json = (await run(["users", "--json"])).out.split("\n").map((line) => JSON.parse(line) as object);
  expect(json).toHaveLength(2);
  expect(json[0]).toMatchObject({ calAccount: { grant: "managed" } });
  expect((await run(["users", "--problems"])).out).toBe("2 users.");
});

test("a row that can't be decrypted is shown with the reason, and the exit code is 1", async () => {
  const { code, out } = await run(["users", "--problems"], { CAL_TOKEN_ENCRYPTION_KEYS: `k2:${key}` });
  expect(code).toBe(1);
  expect(out).toMatch(/^ada {2}unreadable: .*k1/m);
});

test("user shows one user, and with --calendars what is connected", async () => {
  const before = emulator.requests.length;
  const { code, out } = await run(["user", "ada"]);
  expect(code).toBe(0);
  expect(out).toMatch(/^user {10}ada$/m);
  expect(out).toMatch(/^hash {10}[0-9a-f]{16}$/m);
  expect(out).toMatch(/^state {9}all is well/m);
  expect(emulator.requests).toHaveLength(before);
  expect((await run(["user", "ada", "--calendars"])).out).toMatch(
    /^calendar {6}google_calendar .*credential \d+/m,
  );
  expect((await run(["user", "bob with space", "--calendars"])).out).toMatch(/^calendar {6}none connected$/m);
  expect(JSON.parse((await run(["user", "ada", "--json"])).out)).toMatchObject({ userId: "ada" });
});

test("user without an id, with two, and with an unknown one", async () => {
  expect(await run(["user"])).toMatchObject({ code: 2, err: expect.stringContaining("Give the user's id.") });
  expect((await run(["user", "ada", "bob"])).code).toBe(2);
  const { code, err } = await run(["user", "zoe"]);
  expect([code, err]).toEqual([1, "calbridge: The table has no row of the user zoe."]);
});
