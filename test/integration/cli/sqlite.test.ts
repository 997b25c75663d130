import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CalClient, encryptedTokenStore } from "../../../src/index.js";
import { sqliteConnectionStore, sqliteTokenStore } from "../../../src/stores/sqlite/sqlite-token-store.js";
import { createCalEmulator } from "../../../src/testing/index.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createSqliteFile, openLibsql } from "../../support/sqlite.js";
import { tokens } from "../../support/token-stores.js";

// The commands over the file that the guide "Getting started" creates first.

const key = randomBytes(32).toString("base64");
const emulator = createCalEmulator({ clientSecret: "s3cret-of-the-client" });
let file: string;
let remove: () => Promise<void>;
let database: ReturnType<typeof openLibsql>;

beforeAll(async () => {
  ({ file, remove } = await createSqliteFile());
  database = openLibsql(file);
  const cal = new CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    tokenStore: encryptedTokenStore(sqliteTokenStore({ database, createTables: true }), {
      keys: { k1: key },
    }),
    connectionStore: sqliteConnectionStore({ database, createTables: true }),
  });
  const ada = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
  const { calUserId } = (await ada.calAccount())!;
  emulator.calendars.connect(calUserId, "google", "alice");
  await cal.close();
});
afterAll(async () => {
  database.close();
  await remove();
});

async function run(args: string[], env: Record<string, string> = {}, cwd = "."): Promise<CommandResult> {
  const result = await runCommand(args, {
    env: {
      CAL_CLIENT_ID: emulator.clientId,
      CAL_CLIENT_SECRET: emulator.clientSecret,
      CAL_API_URL: emulator.url,
      CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}`,
      DATABASE_URL: `file:${file}`,
      ...env,
    },
    cwd: cwd === "." ? process.cwd() : cwd,
    fetch: emulator.fetch,
    untilStopped: () => new Promise(() => undefined),
  });
  for (const secret of [emulator.clientSecret, key, "eyJ"])
    expect(result.out + result.err).not.toContain(secret);
  return result;
}

describe("the commands over a SQLite file", () => {
  test("users and user show who is in it, and which calendars are connected", async () => {
    const users = await run(["users"]);
    expect([users.code, users.err]).toEqual([0, ""]);
    expect(users.out).toMatch(/^ada {2}managed user \d+ .*\n1 user\.$/s);
    const user = await run(["user", "ada", "--calendars"]);
    expect([user.code, user.err]).toEqual([0, ""]);
    expect(user.out).toContain("alice@");
  });

  test("check looks at connections, and remembers them in the file", async () => {
    expect(await run(["check", "--enroll"])).toMatchObject({ code: 0, err: "" });
    const { code, out, err } = await run(["check", "--user", "ada"]);
    expect([code, err]).toEqual([0, ""]);
    expect(out).toMatch(/alice@\S+ +connected/);
    expect((await sqliteConnectionStore({ database }).get("ada"))?.details).toContain("alice@");
  });

  test("doctor finds nothing wrong with the tables and the keys", async () => {
    const { out } = await run(["doctor"]);
    expect(out).toContain(
      'ok     The tables "CalendarIntegration" and "CalendarIntegrationEntry" have all their columns.',
    );
    expect(out).toContain("The stored tokens can be decrypted with the keys.");
  });

  test("doctor says that the keys are others", async () => {
    const other = `k1:${randomBytes(32).toString("base64")}`;
    const { code, out } = await run(["doctor"], { CAL_TOKEN_ENCRYPTION_KEYS: other });
    expect(code).toBe(1);
    expect(out).toContain("it is another key now");
  });

  test("a path from the application's folder, and a file URL, name the same file", async () => {
    const folder = join(dirname(file), "app");
    for (const url of ["file:../test.db", `file://${file}`]) {
      const { out, err } = await run(["user", "ada"], { DATABASE_URL: url }, folder);
      // Only the driver may be missing: nothing is installed in that folder, and old versions of Node.js have none.
      if (hasNodeSqlite) expect(out).toContain("managed user");
      else expect(err).toContain("npm install @libsql/client");
    }
  });
});

const hasNodeSqlite = (() => {
  try {
    createRequire(import.meta.url)("node:sqlite");
    return true;
  } catch {
    return false;
  }
})();

describe("what is wrong with the file", () => {
  test("there is none: says so, and creates none", async () => {
    const missing = join(dirname(file), "missing.db");
    const { code, err } = await run(["users"], { DATABASE_URL: `file:${missing}` });
    expect(code).toBe(1);
    expect(err).toContain("There is no database file");
    expect(existsSync(missing)).toBe(false);
  });

  test("it is no database", async () => {
    const text = join(dirname(file), "text.db");
    await writeFile(text, "s3cret text, and no database at all. ".repeat(200));
    for (const command of ["users", "doctor"]) {
      const { code, out, err } = await run([command], { DATABASE_URL: `file:${text}` });
      expect(code).toBe(1);
      expect(out + err).toContain("the file is not a SQLite database");
    }
  });

  test("it has no tables, or no unique index: doctor says what to apply", async () => {
    const empty = join(dirname(file), "empty.db");
    await openAndClose(empty, `CREATE TABLE "others" ("id" TEXT)`);
    const without = await run(["doctor"], { DATABASE_URL: `file:${empty}` });
    expect(without.code).toBe(1);
    expect(without.out).toContain("The tables are missing: run `npx calbridge schema --dialect sqlite`");

    const unprotected = join(dirname(file), "unprotected.db");
    const client = openLibsql(unprotected);
    await sqliteTokenStore({ database: client, createTables: true }).set(tokens("bob"), { ifVersion: null });
    await client.execute(`DROP INDEX "CalendarIntegration_calServer_calManagedUserId_key"`);
    client.close();
    const { code, out } = await run(["doctor"], { DATABASE_URL: `file:${unprotected}` });
    expect(code).toBe(1);
    expect(out).toContain('has no unique index on "calServer" and "calManagedUserId"');
    expect(out).not.toContain('no unique index on "userUlid"');
    expect(out).not.toContain('no unique index on "key"');
  });

  test("the table of leases and attempts was made without its key: doctor says what to apply", async () => {
    const client = openLibsql(file);
    await client.execute(`DROP TABLE "CalendarIntegrationEntry"`);
    await client.execute(`CREATE TABLE "CalendarIntegrationEntry" ("key", "value", "expiresAt")`);
    client.close();
    const { code, out } = await run(["doctor"]);
    expect(code).toBe(1);
    expect(out).toContain('The table "CalendarIntegrationEntry" has no unique index on "key"');
  });

  test("a URL of another machine, or of no path, is refused with what to write", async () => {
    for (const url of ["file://calendar.db", "file:///%zz", "file:///a%2Fb"]) {
      const { code, err } = await run(["users"], { DATABASE_URL: url });
      expect([code, err]).toEqual([2, expect.stringContaining("Write file:calendar.db")]);
    }
  });

  test("a schema is Postgres's alone", async () => {
    const { code, err } = await run(["users", "--schema", "app"]);
    expect(code).toBe(2);
    expect(err).toContain("--schema is for Postgres");
  });
});

async function openAndClose(path: string, sql: string): Promise<void> {
  const client = openLibsql(path);
  await client.execute(sql);
  client.close();
}
