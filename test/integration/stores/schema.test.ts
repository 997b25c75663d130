import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { promisify } from "node:util";
import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import {
  createSchema,
  postgresTokenStore,
  schemaSql,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaModel } from "../../../src/stores/prisma/schema.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, applyScript, dropTables, eightColumns } from "../../support/tables.js";
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
    const added = { calRefreshTokenExpiresAt: null, version: 0, leaseOwner: null, leaseEndsAt: null };
    const after = await rows(`SELECT * FROM "CalendarIntegration" ORDER BY "id"`);
    expect(after).toEqual(before.map((row) => ({ ...row, ...added })));
    expect(await rows(`SELECT FROM pg_tables WHERE tablename = 'CalendarIntegration_duplicates'`)).toEqual(
      [],
    );
    const indexes = await rows(
      `SELECT indexname AS name FROM pg_indexes WHERE tablename = 'CalendarIntegration'`,
    );
    expect(indexes).toEqual([
      { name: "CalendarIntegration_pkey" },
      { name: "CalendarIntegration_userUlid_key" },
    ]);
  });

  test("moves older rows of one user aside, whole, and says so", async () => {
    await client.query(eightColumns);
    await addOldRow(database.pool, "ada", { accessToken: "older", updatedAt: "2026-01-01T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "newest", updatedAt: "2026-01-02T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "undated", updatedAt: null });
    await addOldRow(database.pool, "bob");
    const notices: (string | undefined)[] = [];
    const onNotice = ({ message }: { message: string | undefined }) => void notices.push(message);
    client.on("notice", onNotice);
    for (let n = 0; n < 2; n += 1) await apply();
    client.off("notice", onNotice);

    const store = postgresTokenStore({ client: database.pool });
    expect((await store.get("ada"))!.calAccessToken).toBe("newest");
    expect((await store.get("bob"))!.calAccessToken).toBe("old-access-of-bob");
    const moved = await rows<{ row: Record<string, unknown> }>(
      `SELECT "row" FROM "CalendarIntegration_duplicates" ORDER BY "row"->>'id'`,
    );
    expect(moved.map(({ row }) => [row["userUlid"], row["calAccessToken"], row["calManagedUserId"]])).toEqual(
      [
        ["ada", "older", 7],
        ["ada", "undated", 7],
      ],
    );
    if (apply !== ways["createSchema"]) expect(notices.join()).toContain("2 older rows");
  });

  test("replaces an index whose build had failed", async () => {
    await client.query(eightColumns);
    await addOldRow(database.pool, "ada");
    await addOldRow(database.pool, "ada");
    const build = `CREATE UNIQUE INDEX CONCURRENTLY "CalendarIntegration_userUlid_key" ON "CalendarIntegration" ("userUlid")`;
    await expect(client.query(build)).rejects.toThrow("could not create unique index");
    await apply();
    expect(
      await rows(
        `SELECT indisvalid AS valid FROM pg_index WHERE indexrelid = '"CalendarIntegration_userUlid_key"'::regclass`,
      ),
    ).toEqual([{ valid: true }]);
  });
});

describe("on a live table", () => {
  test("gives up rather than make others wait, and can be run again", async () => {
    await client.query(eightColumns);
    const busy = await database.pool.connect();
    await busy.query(`BEGIN; SELECT FROM "CalendarIntegration"`);
    const script = schemaSql({ users });
    expect(script).toContain("SET lock_timeout = '5s'");
    const impatient = script.replace("'5s'", "'100ms'");
    await expect(applyScript(client, impatient)).rejects.toMatchObject({ code: "55P03" });
    await busy.query("COMMIT");
    busy.release();
    await applyScript(client, impatient);
    expect(await postgresTokenStore({ client: database.pool }).get("ada")).toBe(null);
  });

  test("the store works on while the script runs, again and again", async () => {
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

  test("works over postgres.js, and with names that fight back", async () => {
    const names = { table: `$calbridge$ '" $1`, columns: { userId: `$calbridge1$'` } };
    const sql = createPostgresJs(database.url);
    for (let n = 0; n < 2; n += 1) await createSchema(sql, names);
    const store = postgresTokenStore({ client: sql, ...names });
    expect(await store.set(tokens("ada"), { ifVersion: null })).toMatchObject(tokens("ada"));
    await sql.end();
  });

  test("a table name as long as Postgres allows still gets an index of its own", async () => {
    const table = "t".repeat(63);
    await createSchema(database.pool, { table });
    const store = postgresTokenStore({ client: database.pool, table });
    const writes = Array.from({ length: 5 }, () => store.set(tokens("ada"), { ifVersion: null }));
    expect((await Promise.all(writes)).filter((written) => written !== null)).toHaveLength(1);
  });

  test("a database that refuses is a store error", async () => {
    await client.query(
      `CREATE SCHEMA IF NOT EXISTS "locked"; CREATE VIEW "locked"."CalendarIntegration" AS SELECT 1`,
    );
    const error = createSchema(database.pool, { schema: "locked" });
    await expect(error).rejects.toMatchObject({ name: "CalStoreError", code: "store_error" });
  });
});

describe("the printed Prisma model", () => {
  test("is the one that the tests of the Prisma store run on", async () => {
    const schema = await readFile("test/fixtures/prisma/schema.prisma", "utf8");
    expect(schema).toContain(prismaModel({ users: { model: "User", field: "ulid" } }));
  });

  test("is valid, with and without users, and under a name that is no model name", async () => {
    const folder = "node_modules/.calbridge-test";
    await mkdir(folder, { recursive: true });
    const schema = [
      `datasource db {\n  provider = "postgresql"\n}\n`,
      `model Person {\n  key String @id\n  calTokens CalTokens?\n}\n`,
      prismaModel({ table: "CalTokens", users: { model: "Person", field: "key" } }),
      prismaModel({ table: "cal-tokens" }),
    ].join("\n");
    await writeFile(`${folder}/printed.prisma`, schema);
    const cli = ["node_modules/prisma/build/index.js", "validate", "--schema", `${folder}/printed.prisma`];
    const env = { ...process.env, CHECKPOINT_DISABLE: "1", PRISMA_SCHEMA_ENGINE_BINARY: process.execPath };
    const { stdout } = await promisify(execFile)(process.execPath, cli, { env });
    expect(stdout).toContain("is valid");
  });
});
