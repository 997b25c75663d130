import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalUserInUseError } from "../../../src/errors.js";
import {
  createSchema,
  postgresTokenStore,
  schemaSql,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaModels } from "../../../src/stores/prisma/schema.js";
import { calUserIdOf } from "../../support/cal-user-id.js";
import { rejection } from "../../support/client.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, applyScript, dropTables, eightColumns, twelveColumns } from "../../support/tables.js";
import { createPostgresJs, tokens } from "../../support/token-stores.js";

let database: TestDatabase;
let client: pg.Client;

beforeAll(async () => {
  database = await createDatabase();
  client = new pg.Client({ connectionString: database.url });
  await client.connect();
});
afterAll(async () => {
  await client.end();
  await database.drop();
});

const users = { table: "User", column: "ulid" };

beforeEach(() => dropTables(database.pool));

/** Every way to bring a table up to date. */
const ways: Record<string, () => Promise<void>> = {
  "schema --sql": () => applyScript(client, schemaSql({ users })),
  "schema --sql --transaction": async () => {
    await client.query(`BEGIN; ${schemaSql({ users, inTransaction: true })} COMMIT;`);
  },
  "schema --sql --transaction, sent whole, as Prisma Migrate does": async () => {
    await client.query(schemaSql({ users, inTransaction: true }));
  },
  createSchema: () => createSchema(database.pool, { users }),
};

async function rows<Row = Record<string, unknown>>(text: string): Promise<Row[]> {
  return (await client.query(text)).rows as Row[];
}

/** The notices that the work causes. */
async function noticesOf(work: () => Promise<void>): Promise<string> {
  const notices: (string | undefined)[] = [];
  const onNotice = ({ message }: { message: string | undefined }) => void notices.push(message);
  client.on("notice", onNotice);
  await work();
  client.off("notice", onNotice);
  return notices.join("\n");
}

describe.each(Object.entries(ways))("%s", (_, apply) => {
  test("makes the table for a new application, with its reference to the users", async () => {
    await client.query(`CREATE TABLE "User" ("ulid" TEXT PRIMARY KEY); INSERT INTO "User" VALUES ('ada')`);
    await apply();
    const store = postgresTokenStore({ client: database.pool });
    expect(await store.set(tokens("ada"), { ifVersion: null })).toMatchObject(tokens("ada"));
    await expect(store.set(tokens("bob"), { ifVersion: null })).rejects.toThrow("write the user's own row");
  });

  test("adds what an application's table lacks, rewrites nothing, keeps every row, any number of times", async () => {
    await client.query(eightColumns);
    for (const userId of ["ada", "bob", "cy"]) await addOldRow(database.pool, userId);
    const before = await rows(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`);
    const file = `SELECT pg_relation_filenode('"CalendarIntegration"') AS file`;
    const [fileBefore] = await rows(file);
    for (let n = 0; n < 3; n += 1) await apply();
    expect(await rows(file)).toEqual([fileBefore]);
    const added = { calRefreshTokenExpiresAt: null, version: 0, calServer: "", details: null };
    const after = await rows(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`);
    expect(after).toEqual(before.map((row) => ({ ...row, ...added })));
    expect(await rows(`SELECT FROM pg_tables WHERE tablename = 'CalendarIntegration_duplicates'`)).toEqual(
      [],
    );
    const indexes = await rows(
      `SELECT indexname AS name FROM pg_indexes WHERE tablename = 'CalendarIntegration' ORDER BY 1`,
    );
    expect(indexes).toEqual([
      { name: "CalendarIntegration_calServer_calManagedUserId_key" },
      { name: "CalendarIntegration_pkey" },
      { name: "CalendarIntegration_userUlid_key" },
    ]);
  });

  test("adds what the table of an earlier version lacks, and leaves its two lease columns", async () => {
    await client.query(twelveColumns);
    for (const userId of ["ada", "bob"]) await addOldRow(database.pool, userId);
    await client.query(`UPDATE "CalendarIntegration" SET "leaseOwner" = 'a', "leaseEndsAt" = now()`);
    const before = await rows(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`);
    for (let n = 0; n < 2; n += 1) await apply();
    const after = await rows(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`);
    expect(after).toEqual(before.map((row) => ({ ...row, calServer: "", details: null })));
    const store = postgresTokenStore({ client: database.pool });
    expect(await store.acquireLease("ada", { owner: "b", ttlMs: 1000 })).toBe(true);
    expect(await store.set(tokens("ada"), { ifVersion: 0 })).toMatchObject(tokens("ada"));
  });

  test("several users with one Cal.com user: reports them, keeps every row and leaves the index out until they are resolved", async () => {
    await client.query(eightColumns);
    for (const userId of ["ada", "bob", "cy"]) await addOldRow(database.pool, userId, { calUserId: 7 });
    for (const userId of ["dan", "eve"]) await addOldRow(database.pool, userId, { calUserId: 8 });
    await addOldRow(database.pool, "fay");
    const before = await rows(`SELECT "id", "userUlid", "calManagedUserId" FROM "CalendarIntegration"`);
    const isUnique = () =>
      rows(
        `SELECT indisunique AS "isUnique" FROM pg_index
         WHERE indexrelid = to_regclass('"CalendarIntegration_calServer_calManagedUserId_key"') AND indisvalid`,
      );
    const notices = await noticesOf(async () => {
      for (let n = 0; n < 2; n += 1) await apply();
    });
    expect(await rows(`SELECT "id", "userUlid", "calManagedUserId" FROM "CalendarIntegration"`)).toEqual(
      before,
    );
    // The conditions of the store's statements use it.
    expect(await isUnique()).toEqual([{ isUnique: false }]);
    if (apply !== ways["createSchema"]) {
      expect(notices).toContain("Cal.com user 7 belongs to several users: ada, bob, cy");
      expect(notices).toContain("Cal.com user 8 belongs to several users: dan, eve");
      expect(notices).toContain("2 Cal.com users belong to several users");
      expect(notices).toContain("cal.reassignUser(from, to)");
    }

    const store = postgresTokenStore({ client: database.pool });
    const shared = tokens("fay", { calUserId: 7 });
    await expect(store.set(shared, { ifVersion: 0 })).rejects.toThrow(CalUserInUseError);
    await expect(store.set(tokens("ada", { calUserId: 7 }), { ifVersion: 0 })).resolves.not.toBe(null);
    for (const userId of ["bob", "cy", "dan"]) await store.delete(userId);
    await apply();
    expect(await isUnique()).toEqual([{ isUnique: true }]);
  });

  test("moves older rows of one user to another table, whole, and says so", async () => {
    await client.query(eightColumns);
    await addOldRow(database.pool, "ada", { accessToken: "older", updatedAt: "2026-01-01T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "newest", updatedAt: "2026-01-02T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "undated", updatedAt: null });
    await addOldRow(database.pool, "bob");
    const notices = await noticesOf(async () => {
      for (let n = 0; n < 2; n += 1) await apply();
    });

    const store = postgresTokenStore({ client: database.pool });
    expect((await store.get("ada"))!.calAccessToken).toBe("newest");
    expect((await store.get("bob"))!.calAccessToken).toBe("old-access-of-bob");
    const moved = await rows<{ row: Record<string, unknown> }>(
      `SELECT "row" FROM "CalendarIntegration_duplicates" ORDER BY "row"->>'id'`,
    );
    expect(moved.map(({ row }) => [row["userUlid"], row["calAccessToken"], row["calManagedUserId"]])).toEqual(
      [
        ["ada", "older", calUserIdOf("ada")],
        ["ada", "undated", calUserIdOf("ada")],
      ],
    );
    if (apply !== ways["createSchema"]) expect(notices).toContain("2 older rows");
  });

  test("replaces indexes whose build had failed", async () => {
    await client.query(twelveColumns);
    await client.query(`DROP INDEX "CalendarIntegration_userUlid_key"`);
    await client.query(`ALTER TABLE "CalendarIntegration" ADD COLUMN "calServer" TEXT NOT NULL DEFAULT ''`);
    await addOldRow(database.pool, "ada");
    await addOldRow(database.pool, "ada");
    for (const build of [
      `"CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid")`,
      `"CalendarIntegration_calServer_calManagedUserId_key" ON "CalendarIntegration" ("calServer", "calManagedUserId")`,
    ]) {
      const statement = client.query(`CREATE UNIQUE INDEX CONCURRENTLY ${build}`);
      await expect(statement).rejects.toThrow("could not create unique index");
    }
    await apply();
    expect(
      await rows(
        `SELECT indisvalid AND indisunique AS valid FROM pg_index
         WHERE indexrelid = ANY (ARRAY['"CalendarIntegration_userUlid_key"', '"CalendarIntegration_calServer_calManagedUserId_key"']::regclass[])`,
      ),
    ).toEqual([{ valid: true }, { valid: true }]);
  });

  test("a new table, but no table of users, another column or another type: one error that names the option", async () => {
    const failure = async () => {
      const error = await rejection(apply());
      await client.query("ROLLBACK");
      return (error as Error).message;
    };
    expect(await failure()).toMatch(/^There is no table "User" of users\. .*--user-table.*--no-user-table/);
    await client.query(`CREATE TABLE "User" ("id" TEXT PRIMARY KEY)`);
    expect(await failure()).toMatch(/has no column "ulid"\. .*--user-column/);
    await client.query(`ALTER TABLE "User" ADD COLUMN "ulid" UUID UNIQUE`);
    expect(await failure()).toContain("have the type uuid, and not text. Use --user-type uuid");
    expect(await rows(`SELECT to_regclass('"CalendarIntegration"') AS "table"`)).toEqual([{ table: null }]);
  });
});

describe("user ids of another type", () => {
  const ids = {
    UUID: "5a3c1f1e-0000-4000-8000-000000000001",
    BIGINT: "9007199254740993",
    INTEGER: "7",
  } as const;

  test.each(Object.entries(ids))("%s: the token table refers to such users", async (type, id) => {
    const userIdType = type as keyof typeof ids;
    await client.query(
      `CREATE TABLE "people" ("id" ${type} PRIMARY KEY); INSERT INTO "people" VALUES ('${id}')`,
    );
    const options = { users: { table: "people", column: "id" }, userIdType };
    await applyScript(client, schemaSql(options));
    const store = postgresTokenStore({ client: database.pool });
    expect(await store.set(tokens(id), { ifVersion: null })).toMatchObject(tokens(id));
    await client.query(`DROP TABLE "people" CASCADE`);
  });

  test("a type that there isn't is refused", () => {
    expect(() => schemaSql({ userIdType: "VARCHAR" as "TEXT" })).toThrow("userIdType must be one of");
  });

  test("users whose ids are VARCHAR are referred to by TEXT", async () => {
    await client.query(`CREATE TABLE "User" ("ulid" VARCHAR(26) PRIMARY KEY)`);
    await applyScript(client, schemaSql({ users }));
    expect(await postgresTokenStore({ client: database.pool }).get("ada")).toBe(null);
  });
});

describe("on a live table", () => {
  test("gives up instead of making others wait, and can be run again", async () => {
    await client.query(eightColumns);
    const busy = await database.pool.connect();
    await busy.query(`BEGIN; SELECT FROM "CalendarIntegration"`);
    const script = schemaSql({ users });
    expect(script).toContain("SET lock_timeout = '5s'");
    const soon = script.replace("'5s'", "'100ms'");
    await expect(applyScript(client, soon)).rejects.toMatchObject({ code: "55P03" });
    await busy.query("COMMIT");
    busy.release();
    await applyScript(client, soon);
    expect(await postgresTokenStore({ client: database.pool }).get("ada")).toBe(null);
  });

  test("the store goes on working while the script runs, again and again", async () => {
    await client.query(eightColumns);
    for (let n = 0; n < 20; n += 1) await addOldRow(database.pool, `user-${n}`);
    await applyScript(client, schemaSql({ users }));
    const store = postgresTokenStore({ client: database.pool });
    let isDone = false;
    let writes = 0;
    const load = async (userId: string) => {
      while (!isDone) {
        const record = await store.get(userId);
        expect(await store.set(tokens(userId), { ifVersion: record!.version })).not.toBe(null);
        writes += 1;
      }
    };
    const running = Array.from({ length: 5 }, (_, n) => load(`user-${n}`));
    for (let n = 0; n < 5; n += 1) await applyScript(client, schemaSql({ users }));
    isDone = true;
    await Promise.all(running);
    expect(writes).toBeGreaterThan(10);
  });
});

describe("createSchema", () => {
  test("may be called by several processes at once", async () => {
    await Promise.all(Array.from({ length: 8 }, () => createSchema(database.pool)));
    expect(await postgresTokenStore({ client: database.pool }).get("ada")).toBe(null);
  });

  test("works with postgres.js, and with names that contain quotes", async () => {
    const names = { table: `$calbridge$ '" $1`, columns: { userId: `$calbridge1$'` } };
    const sql = createPostgresJs(database.url);
    for (let n = 0; n < 2; n += 1) await createSchema(sql, names);
    const store = postgresTokenStore({ client: sql, ...names });
    expect(await store.set(tokens("ada"), { ifVersion: null })).toMatchObject(tokens("ada"));
    await sql.end();
  });

  test("a table name as long as Postgres allows gets indexes and a second table of its own", async () => {
    const table = "t".repeat(63);
    await createSchema(database.pool, { table });
    const store = postgresTokenStore({ client: database.pool, table });
    const writes = Array.from({ length: 5 }, () => store.set(tokens("ada"), { ifVersion: null }));
    expect((await Promise.all(writes)).filter((written) => written !== null)).toHaveLength(1);
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 1000 })).toBe(true);
    await expect(store.set(tokens("bob", { calUserId: 101 }), { ifVersion: null })).rejects.toThrow(
      CalUserInUseError,
    );
  });

  test("a database that refuses is a store error", async () => {
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS "locked"; CREATE VIEW "locked"."CalendarIntegration" AS SELECT 1`,
    );
    const error = createSchema(database.pool, { schema: "locked" });
    await expect(error).rejects.toMatchObject({ name: "CalStoreError", code: "store_error" });
  });
});

describe("the printed Prisma models", () => {
  test("are the ones that the tests of the Prisma store run on", async () => {
    const schema = await readFile("test/fixtures/prisma/schema.prisma", "utf8");
    expect(schema).toContain(prismaModels({ users: { model: "User", field: "ulid" } }));
  });

  test("are valid, with and without users, with other names, other columns and other types of ids", async () => {
    const folder = "node_modules/.calbridge-test";
    await mkdir(folder, { recursive: true });
    const schema = [
      `datasource db {\n  provider = "postgresql"\n}\n`,
      `model Person {\n  key String @id\n  calTokens CalTokens?\n}\n`,
      prismaModels({ table: "CalTokens", users: { model: "Person", field: "key" } }),
      `model Member {\n  id BigInt @id\n  token Token?\n}\n`,
      prismaModels({ table: "Token", users: { model: "Member", field: "id" }, userIdType: "BIGINT" }),
      prismaModels({
        table: "cal-tokens",
        entryTable: "cal-entries",
        userIdType: "UUID",
        columns: { userId: "user_id", calAccessToken: "access_token" },
      }),
    ].join("\n");
    await writeFile(`${folder}/printed.prisma`, schema);
    const cli = ["node_modules/prisma/build/index.js", "validate", "--schema", `${folder}/printed.prisma`];
    const env = { ...process.env, CHECKPOINT_DISABLE: "1", PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
    const { stdout } = await promisify(execFile)(process.execPath, cli, { env });
    expect(stdout).toContain("is valid");
  });
});
