import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import {
  createSchema,
  schemaSql,
  sqliteConnectionStore,
  sqliteTokenStore,
  type SqliteDatabase,
} from "../../../src/stores/sqlite/sqlite-token-store.js";
import { rejection } from "../../support/client.js";
import { runCommand } from "../../support/command-line.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createSqliteFile, openLibsql } from "../../support/sqlite.js";
import { tokens } from "../../support/token-stores.js";

let file: string;
let removeFile: () => Promise<void>;
const open: ReturnType<typeof openLibsql>[] = [];
const connect = () => {
  const client = openLibsql(file);
  open.push(client);
  return client;
};

beforeEach(async () => {
  ({ file, remove: removeFile } = await createSqliteFile());
});
afterEach(async () => {
  for (const client of open.splice(0)) client.close();
  await removeFile();
});

const secret = { calAccessToken: `s3cret "acc'ess`, calRefreshToken: "s3cret-\u00e4-refresh" };
const secrets = [secret.calAccessToken, secret.calRefreshToken, "s3cret"];

describe("the tables", () => {
  test("createTables creates them before the first use, also if several processes start at once", async () => {
    const stores = [connect(), connect()].map((database) =>
      sqliteTokenStore({ database, createTables: true }),
    );
    const records = await Promise.all(
      stores.flatMap((store, n) => [
        store.get(`user-${n}`),
        store.set(tokens(`bob-${n}`), { ifVersion: null }),
      ]),
    );
    expect(records.map((record) => record?.userId)).toEqual([undefined, "bob-0", undefined, "bob-1"]);
  });

  test("createTables tries again after the database has refused", async () => {
    const database = connect();
    let fails = true;
    const failing = {
      execute: database.execute.bind(database),
      batch: (statements: never[], mode: "write") =>
        fails ? Promise.reject(new Error("disk I/O error")) : database.batch(statements, mode),
    };
    const store = sqliteTokenStore({ database: failing, createTables: true });
    expect(await rejection(store.get("ada"))).toMatchObject({
      code: "store_error",
      message: expect.stringContaining("Could not create the tables"),
    });
    fails = false;
    expect(await store.get("ada")).toBe(null);
  });

  test("what the command prints can be applied again, and keeps every row", async () => {
    const database = connect();
    const { code, out } = await runCommand(["schema", "--dialect", "sqlite"]);
    expect([code, out]).toEqual([0, schemaSql().trimEnd()]);
    await database.executeMultiple(out);
    const written = await sqliteTokenStore({ database }).set(tokens("ada"), { ifVersion: null });
    await database.executeMultiple(out);
    await createSchema(database);
    expect(await sqliteTokenStore({ database }).get("ada")).toEqual(written);
  });

  test("the table of connections: created on the first use, or by the command", async () => {
    const error = await rejection(sqliteConnectionStore({ database: connect() }).get("ada"));
    expect((error as Error).message).toContain("run `npx calbridge schema --dialect sqlite --connections`");
    const state = { userId: "ada", details: "{}", dueAt: new Date(0) };
    const store = sqliteConnectionStore({ database: connect(), createTables: true });
    const written = await store.set(state, { ifVersion: null });
    const { out } = await runCommand(["schema", "--dialect", "sqlite", "--connection-table", "states"]);
    await connect().executeMultiple(`${out}; ALTER TABLE "states" RENAME TO "others"`);
    expect(await store.get("ada")).toEqual(written);
  });

  test("a user that the application doesn't have: says to write the user first", async () => {
    const database = connect();
    await database.execute(`CREATE TABLE "people" ("id" INTEGER PRIMARY KEY)`);
    await database.execute(`INSERT INTO "people" VALUES (1)`);
    const users = ["--user-table", "people", "--user-column", "id"];
    await database.executeMultiple((await runCommand(["schema", "--dialect", "sqlite", ...users])).out);
    const store = sqliteTokenStore({ database });
    expect(await store.set(tokens("1"), { ifVersion: null })).toMatchObject({ userId: "1" });
    const error = await rejection(store.set(tokens("2", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("write the user's own row first");
    expectNoSecret(error, secrets);
  });

  test("missing tables, columns and indexes: says what to apply of what calbridge schema prints", async () => {
    const database = connect();
    const store = sqliteTokenStore({ database });
    const work = () => [
      store.get("ada"),
      store.set(tokens("ada", secret), { ifVersion: null }),
      store.acquireLease("ada", { owner: "a", ttlMs: 1 }),
      store.putAttempt("1", { data: "s3cret", ttlMs: 1 }),
    ];
    const missing = await Promise.all(work().map(rejection));
    await createSchema(database);
    await database.execute(`ALTER TABLE "CalendarIntegration" DROP COLUMN "details"`);
    const outdated = await Promise.all(work().slice(0, 2).map(rejection));
    await database.execute(`ALTER TABLE "CalendarIntegration" ADD COLUMN "details" TEXT`);
    await database.execute(`DROP INDEX "CalendarIntegration_calServer_calManagedUserId_key"`);
    const unprotected = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    for (const error of [...missing, ...outdated, unprotected]) {
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain("`npx calbridge schema --dialect sqlite`");
      expectNoSecret(error, secrets);
    }
    for (const error of outdated) expect((error as Error).message).toContain("ALTER TABLE ... ADD COLUMN");
  });

  test("a unique constraint of the application's own is an error, not a lost write", async () => {
    const database = connect();
    await createSchema(database);
    await database.execute(`CREATE UNIQUE INDEX "own" ON "CalendarIntegration" ("calManagedUserId")`);
    const store = sqliteTokenStore({ database });
    const adas = await store.set(tokens("ada"), { ifVersion: null });
    const bob = tokens("bob", { ...secret, calUserId: adas!.calUserId, calServer: "eu" });
    const error = await rejection(store.set(bob, { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("unique constraint");
    expectNoSecret(error, secrets);
  });

  test("a column of user ids that takes ids for one another gives no user another user's tokens", async () => {
    const database = connect();
    await database.executeMultiple(schemaSql().replace(`"userUlid" TEXT`, `"userUlid" TEXT COLLATE NOCASE`));
    const store = sqliteTokenStore({ database });
    const adas = await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.get("ADA")).toBe(null);
    expect(await store.delete("ADA")).toBe(false);
    const error = await rejection(store.set(tokens("ADA", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expectNoSecret(error, secrets);
    expect(await store.get("ada")).toEqual(adas);
  });
});

describe("another connection writes", () => {
  test("a write waits for it, and the process goes on meanwhile", async () => {
    const database = connect();
    await createSchema(database);
    const other = await connect().transaction("write");
    const done: string[] = [];
    const write = sqliteTokenStore({ database })
      .set(tokens("ada"), { ifVersion: null })
      .then(() => done.push("write"));
    setTimeout(() => {
      done.push("other");
      void other.commit();
    }, 100);
    await write;
    expect(done).toEqual(["other", "write"]);
    // Written for every connection, not only for that one.
    expect(await sqliteTokenStore({ database: connect() }).get("ada")).toMatchObject({ userId: "ada" });
  });

  test("a write gives up after some seconds, writes nothing, and the next one succeeds", async () => {
    const database = connect();
    await createSchema(database);
    const other = await connect().transaction("write");
    const store = sqliteTokenStore({ database });
    const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("another connection is writing");
    expectNoSecret(error, secrets);
    await other.commit();
    const reader = sqliteTokenStore({ database: connect() });
    expect(await reader.get("ada")).toBe(null);
    const written = await store.set(tokens("ada"), { ifVersion: null });
    expect(await reader.get("ada")).toEqual(written);
  });
});

test("expired attempts and leases are removed in the end", async () => {
  const database = connect();
  await createSchema(database);
  const store = sqliteTokenStore({ database });
  await store.putAttempt("old", { data: "{}", ttlMs: 1 });
  await store.acquireLease("ada", { owner: "a", ttlMs: 1 });
  await new Promise((resolve) => setTimeout(resolve, 20));
  await store.putAttempt("new", { data: "{}", ttlMs: 60_000 });
  const { rows } = await database.execute(`SELECT "key" FROM "CalendarIntegrationEntry"`);
  expect(rows.map((row) => row["key"])).toEqual(["attempt:new"]);
});

test("what a database would change or can't hold is refused", async () => {
  const database = connect();
  await createSchema(database);
  const store = sqliteTokenStore({ database });
  for (const bad of ["a\0da", "\ud800", "ada\udfff"]) {
    for (const work of [
      store.get(bad),
      store.set(tokens(bad, secret), { ifVersion: null }),
      store.set(tokens("ada", { ...secret, calAccessToken: bad }), { ifVersion: null }),
      store.reassign(tokens("bob", secret), { from: bad, ifVersion: 1 }),
      store.putAttempt("1", { data: bad, ttlMs: 1 }),
      store.list({ after: bad, limit: 1 }),
    ]) {
      const error = await rejection(work);
      expect(error).toBeInstanceOf(CalValidationError);
      expectNoSecret(error, secrets);
    }
  }
});

test.each([
  ["a path", "app.db", "must be a database"],
  ["nothing", undefined, "must be a database"],
  ["Drizzle", { $client: {} }, "db.$client"],
  ["Prisma", { $queryRawUnsafe: () => undefined }, "Prisma"],
  ["Kysely", { executeQuery: () => undefined, selectFrom: () => undefined }, "Kysely"],
  ["sqlite3", { each: () => undefined, configure: () => undefined }, "better-sqlite3"],
  [
    "libsql",
    { prepare: () => undefined, exec: () => undefined, syncUntil: () => undefined },
    "@libsql/client",
  ],
])("%s is no database: says what to pass", (_, database, advice) => {
  expect(() => sqliteTokenStore({ database: database as unknown as SqliteDatabase })).toThrow(advice);
});

test("a driver that returns something else is an error without the tokens", async () => {
  for (const rows of [
    undefined,
    [{ a: 1 }],
    [{ a: "{", b: "s3cret" }],
    [["s3cret"]],
    [{ json: '{"userId":"bob","access":"s3cret"}' }],
  ]) {
    const database = { prepare: () => ({ all: () => rows }), exec: () => undefined };
    const error = await rejection(sqliteTokenStore({ database }).get("ada"));
    expect(error).toBeInstanceOf(CalStoreError);
    expectNoSecret(error, ["s3cret"]);
  }
});

test("names that can't be used are refused", () => {
  const database = { prepare: () => ({ all: () => [] }), exec: () => undefined };
  for (const options of [
    { table: "" },
    { entryTable: "a\0" },
    { columns: { userId: "details" } },
    { columns: { user: "x" } as object },
  ]) {
    expect(() => sqliteTokenStore({ database, ...options })).toThrow(CalValidationError);
  }
});
