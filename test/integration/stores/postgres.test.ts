import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
  type PostgresClient,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { rejection } from "../../support/client.js";
import { createDatabase, createPool, type TestDatabase } from "../../support/postgres.js";
import { createPostgresJs, tokens } from "../../support/token-stores.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  await database.pool.query(`DROP TABLE IF EXISTS "CalendarIntegration", "CalendarIntegrationEntry"`);
  await createSchema(database.pool);
});

/** A store that counts the statements it sends. */
function counted() {
  const statements: string[] = [];
  const client = {
    query: (text: string, values: unknown[]) => {
      statements.push(text);
      return database.pool.query(text, values);
    },
  };
  return { store: postgresTokenStore({ client }), statements };
}

test("each method is one round trip", async () => {
  const { store, statements } = counted();
  const ada = tokens("ada");
  const sent = async (work: () => Promise<unknown>) => {
    statements.length = 0;
    await work();
    return statements.length;
  };
  expect(await sent(() => store.get("ada"))).toBe(1);
  expect(await sent(() => store.set(ada, { ifVersion: null }))).toBe(1);
  expect(await sent(() => store.set(ada, { ifVersion: null }))).toBe(1);
  const version = (await store.get("ada"))!.version;
  expect(await sent(() => store.set(ada, { ifVersion: version }))).toBe(1);
  expect(await sent(() => store.set(ada, { ifVersion: version }))).toBe(1);
  expect(await sent(() => store.acquireLease("ada", { owner: "a", ttlMs: 1000 }))).toBe(1);
  expect(await sent(() => store.acquireLease("ada", { owner: "b", ttlMs: 1000 }))).toBe(1);
  expect(await sent(() => store.releaseLease("ada", { owner: "a" }))).toBe(1);
  expect(await sent(() => store.putAttempt("1", { data: "{}", ttlMs: 1000 }))).toBe(1);
  expect(await sent(() => store.getAttempt("1"))).toBe(1);
  expect(await sent(() => store.takeAttempt("1"))).toBe(1);
  expect(await sent(() => store.list({ limit: 1 }))).toBe(1);
  const from = { from: "ada", ifVersion: version + 1 };
  expect(await sent(() => store.reassign({ ...ada, userId: "bob" }, from))).toBe(1);
  expect(await sent(() => store.delete("bob"))).toBe(1);
});

test("behind a cache of query results, as Hyperdrive has, nothing old is read", async () => {
  const kept = new Map<string, Promise<unknown>>();
  const client = {
    query: (text: string, values: unknown[]) => {
      // Such a cache leaves alone what writes, and what asks for the time.
      const isCached = /^\s*SELECT/i.test(text) && !/\b(now|clock_timestamp|current_timestamp)\b/i.test(text);
      if (!isCached) return database.pool.query(text, values);
      const key = JSON.stringify([text, values]);
      if (!kept.has(key)) kept.set(key, database.pool.query(text, values));
      return kept.get(key)!;
    },
  };
  const store = postgresTokenStore({ client });
  expect(await store.get("ada")).toBeNull();
  const first = await store.set(tokens("ada"), { ifVersion: null });
  expect(await store.get("ada")).toEqual(first);
  const second = await store.set(tokens("ada", { calAccessToken: "newer" }), { ifVersion: first!.version });
  expect(await store.get("ada")).toEqual(second);
});

describe("the lease", () => {
  test("expires by the database's clock, whatever the process's own says", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ["Date", "performance"] });
    try {
      expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  test("a column without a time zone is refused: sessions in different zones would not agree", async () => {
    await database.pool.query(
      `ALTER TABLE "CalendarIntegrationEntry" ALTER COLUMN "expiresAt" TYPE TIMESTAMP`,
    );
    const store = postgresTokenStore({ client: database.pool });
    for (const work of [
      () => store.acquireLease("ada", { owner: "a", ttlMs: 1000 }),
      () => store.putAttempt("1", { data: "{}", ttlMs: 1000 }),
    ]) {
      const error = await rejection(work());
      expect(error).toBeInstanceOf(CalStoreError);
      const { message } = error as Error;
      expect(message).toContain("without a time zone");
      // The advice is a statement that repairs it.
      await database.pool.query(message.slice(message.indexOf("ALTER TABLE")));
      await work();
      await database.pool.query(
        `ALTER TABLE "CalendarIntegrationEntry" ALTER COLUMN "expiresAt" TYPE TIMESTAMP`,
      );
    }
  });

  test("keeps no session: each statement may use another connection, in a transaction of its own", async () => {
    const pooler = {
      query: async (text: string, values: unknown[]) => {
        const client = new pg.Client({ connectionString: database.url });
        await client.connect();
        try {
          await client.query("BEGIN");
          const result = await client.query(text, values);
          await client.query("COMMIT");
          return result;
        } finally {
          await client.end();
        }
      },
    };
    const store = postgresTokenStore({ client: pooler });
    const first = await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
    await store.set(tokens("ada"), { ifVersion: first!.version });
    await store.releaseLease("ada", { owner: "a" });
    expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(true);
  });
});

describe("attempts and leases that have expired", () => {
  const count = async () => {
    const { rows } = await database.pool.query<{ n: string }>(
      `SELECT count(*) AS n FROM "CalendarIntegrationEntry"`,
    );
    return Number(rows[0]!.n);
  };

  test("are removed by later attempts, some at a time", async () => {
    await database.pool.query(`
      INSERT INTO "CalendarIntegrationEntry"
      SELECT 'attempt:' || n, '{}', now() - interval '1 minute' FROM generate_series(1, 250) AS n`);
    const store = postgresTokenStore({ client: database.pool });
    await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 });
    await store.putAttempt("new-1", { data: "{}", ttlMs: 60_000 });
    expect(await count()).toBe(152);
    for (const id of ["new-2", "new-3"]) await store.putAttempt(id, { data: "{}", ttlMs: 60_000 });
    expect(await count()).toBe(4);
    expect(await store.getAttempt("new-1")).toBe("{}");
    expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
  });

  test("are removed by several processes at once without a deadlock", async () => {
    await database.pool.query(`
      INSERT INTO "CalendarIntegrationEntry"
      SELECT 'attempt:' || n, '{}', now() - interval '1 minute' FROM generate_series(1, 50) AS n`);
    const store = postgresTokenStore({ client: database.pool });
    const ids = Array.from({ length: 50 }, (_, n) => `${n + 1}`);
    // They put again what the others remove.
    await Promise.all(ids.map((id) => store.putAttempt(id, { data: id, ttlMs: 60_000 })));
    expect(await Promise.all(ids.map((id) => store.getAttempt(id)))).toEqual(ids);
  });
});

describe("drivers", () => {
  test("a record is the same with other type parsers for numbers and instants", async () => {
    const exotic = createPool(database.url, {
      types: { getTypeParser: () => (value: string | Buffer) => `parsed ${String(value)}`.slice(7) },
    });
    const plain = postgresTokenStore({ client: database.pool });
    const written = await plain.set(tokens("ada"), { ifVersion: null });
    expect(await postgresTokenStore({ client: exotic }).get("ada")).toEqual(written);
    await exotic.end();
  });

  test("one that returns the rows, as Neon's over HTTP does, and has an `unsafe` of its own", async () => {
    const neon = Object.assign(() => undefined, {
      query: async (text: string, values: unknown[]) =>
        (await database.pool.query(text, values)).rows as unknown[],
      unsafe: (text: string) => ({ text }),
    });
    const store = postgresTokenStore({ client: neon });
    const written = await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.get("ada")).toEqual(written);
  });

  test("no prepared statement is left on the connection, by pg or by postgres.js", async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await postgresTokenStore({ client }).set(tokens("ada"), { ifVersion: null });
    const ofPg = await client.query<{ n: string }>("SELECT count(*) AS n FROM pg_prepared_statements");
    expect(ofPg.rows[0]?.n).toBe("0");
    await client.end();

    const sql = createPostgresJs(database.url, { max: 1 });
    await postgresTokenStore({ client: sql }).get("ada");
    // It prepares one of its own, about types, when it connects.
    const ofPostgresJs = await sql.unsafe(
      `SELECT statement FROM pg_prepared_statements WHERE statement LIKE '%CalendarIntegration%'`,
    );
    expect([...ofPostgresJs]).toEqual([]);
    await sql.end();
  });

  test("one that returns [rows, metadata], and one that returns rows as arrays", async () => {
    const query = (text: string, values: unknown[]) => database.pool.query(text, values);
    const shapes: Record<string, (result: pg.QueryResult) => unknown> = {
      "[rows, count]": ({ rows, rowCount }) => [rows, rowCount],
      "[rows, result]": (result) => [result.rows, result],
      "rows as arrays": ({ rows }) => rows.map((row) => Object.values(row as object) as unknown[]),
      "rows as arrays in a result": ({ rows }) => ({
        rows: rows.map((row) => Object.values(row as object) as unknown[]),
      }),
    };
    for (const [shape, change] of Object.entries(shapes)) {
      const client = { query: async (text: string, values: unknown[]) => change(await query(text, values)) };
      const store = postgresTokenStore({ client });
      const written = await store.set(tokens(shape), { ifVersion: null });
      expect(await store.get(shape), shape).toEqual(written);
      expect(await store.get(`no ${shape}`), shape).toBe(null);
      await store.set(tokens(`${shape} 2`), { ifVersion: null });
      expect((await store.list({ limit: 2 })).length, shape).toBe(2);
      expect(await store.acquireLease(shape, { owner: "a", ttlMs: 60_000 }), shape).toBe(true);
      expect(await store.acquireLease(shape, { owner: "b", ttlMs: 60_000 }), shape).toBe(false);
      expect(await store.delete(shape), shape).toBe(true);
      expect(await store.delete(shape), shape).toBe(false);
    }
  });

  test("one that returns another query's result, as a connection shared without a queue does: an error", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await store.set(tokens("ada"), { ifVersion: null });
    await store.set(tokens("bob"), { ifVersion: null });
    await store.putAttempt("of-ada", { data: "{}", ttlMs: 60_000 });
    const crossed = (from: string, to: string) =>
      postgresTokenStore({
        client: {
          query: (text, values) =>
            database.pool.query(
              text,
              values.map((value) => value?.replaceAll(from, to) ?? null),
            ),
        },
      });
    const work = [
      () => crossed("ada", "bob").get("ada"),
      () => crossed("cy", "dan").set(tokens("cy"), { ifVersion: null }),
      () => crossed("cy", "bob").delete("cy"),
      () => crossed("cy", "ada").acquireLease("cy", { owner: "a", ttlMs: 1000 }),
      () => crossed("of-bob", "of-ada").getAttempt("of-bob"),
      () => crossed("of-bob", "of-ada").takeAttempt("of-bob"),
    ];
    for (const each of work) {
      const error = await rejection(each());
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain("the result of another query");
    }
  });

  test("anything else is refused", () => {
    const client = { close: () => undefined } as unknown as PostgresClient;
    for (const nothing of [client, undefined as unknown as PostgresClient]) {
      expect(() => postgresTokenStore({ client: nothing })).toThrow(CalValidationError);
    }
  });

  const methods = (...names: string[]) => Object.fromEntries(names.map((name) => [name, () => undefined]));
  test.each([
    [
      "a pool of mysql2",
      methods("query", "execute", "getConnection"),
      "This is MySQL. To keep tokens there, write your own store",
    ],
    [
      "a connection of mysql2",
      methods("query", "execute", "changeUser"),
      "This is MySQL. To keep tokens there, write your own store",
    ],
    [
      "a pool of mariadb",
      methods("query", "batch", "getConnection"),
      "This is MySQL. To keep tokens there, write your own store",
    ],
    ["a pool of mssql", methods("query", "batch", "request", "connect"), "This is SQL Server. To keep"],
    ["better-sqlite3", methods("prepare", "exec", "transaction"), "sqliteTokenStore from calbridge/sqlite"],
    ["bun:sqlite", methods("query", "prepare", "exec", "run"), "sqliteTokenStore from calbridge/sqlite"],
    [
      "TypeORM over MySQL",
      { ...methods("query", "createQueryRunner"), options: { type: "mysql" } },
      "TypeORM over mysql",
    ],
    [
      "an EntityManager of it",
      { ...methods("query"), connection: { ...methods("createQueryRunner"), options: { type: "mysql" } } },
      "TypeORM over mysql",
    ],
    ["Prisma", methods("$queryRawUnsafe"), "prismaTokenStore from calbridge/prisma"],
    ["an ORM that is not known", methods("em", "getMetadata"), "With any other library: a Pool of pg"],
  ])("%s is refused when the store is created: the error says what to do", (_, client, advice) => {
    expect(() => postgresTokenStore({ client: client as unknown as PostgresClient })).toThrow(advice);
    expect(() => postgresConnectionStore({ client: client as unknown as PostgresClient })).toThrow(advice);
  });

  test("TypeORM over Postgres is taken, by the names of its settings", async () => {
    const query = (text: string, values: unknown[]) => database.pool.query(text, values);
    const source = { ...methods("createQueryRunner"), options: { type: "postgres" }, query };
    const store = postgresTokenStore({ client: source });
    expect(await store.get("ada")).toBe(null);
  });

  test("a client that returns something else than rows is a store error", async () => {
    for (const answer of [undefined, {}, 7, { rows: [{ a: "{}", b: 1 }] }, { rows: [7] }, [["not JSON"]]]) {
      const store = postgresTokenStore({ client: { query: () => Promise.resolve(answer) } });
      await expect(store.get("ada")).rejects.toThrow(CalStoreError);
    }
  });
});

describe("names", () => {
  test("are quoted, whatever they contain", async () => {
    const names = { table: `a "b"; DROP TABLE x; $1 'c'`, columns: { userId: `user "id"`, version: `$2` } };
    for (let n = 0; n < 2; n += 1) await createSchema(database.pool, names);
    const store = postgresTokenStore({ client: database.pool, ...names });
    const written = await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.get("ada")).toEqual(written);
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 1000 })).toBe(true);
    const moved = await store.reassign(
      { ...tokens("bob"), calUserId: written!.calUserId },
      { from: "ada", ifVersion: written!.version },
    );
    expect(moved).toMatchObject({ userId: "bob" });
    expect(await store.delete("bob")).toBe(true);
  });

  test.each([
    ["empty", ""],
    ["with a NUL", "a\0b"],
    ["longer than Postgres keeps", "\u00e4".repeat(32)],
    ["half a surrogate pair", "\ud800"],
  ])("%s: refused", (_, name) => {
    const { pool: client } = database;
    expect(() => postgresTokenStore({ client, table: name })).toThrow(CalValidationError);
    expect(() => postgresTokenStore({ client, schema: name })).toThrow(CalValidationError);
    expect(() => postgresTokenStore({ client, entryTable: name })).toThrow(CalValidationError);
    expect(() => postgresTokenStore({ client, columns: { version: name } })).toThrow(CalValidationError);
  });

  test("a column that there isn't, and two columns with one name: refused", () => {
    const { pool: client } = database;
    const columns = { leaseOwner: "lease_owner" } as object;
    expect(() => postgresTokenStore({ client, columns })).toThrow("Unknown name columns.leaseOwner");
    const same = { userId: "id" };
    expect(() => postgresTokenStore({ client, columns: same })).toThrow("columns.id and columns.userId");
  });

  test("options may be undefined", async () => {
    const store = postgresTokenStore({
      client: database.pool,
      schema: undefined,
      table: undefined,
      entryTable: undefined,
      columns: { version: undefined },
    });
    expect(await store.get("ada")).toBe(null);
  });
});

describe("tables that are a little different", () => {
  test("the user's id may be a uuid, and instants without a time zone are UTC", async () => {
    await database.pool.query(`
      DROP TABLE "CalendarIntegration";
      CREATE TABLE "CalendarIntegration" (
        "id" BIGSERIAL PRIMARY KEY, "userUlid" UUID UNIQUE, "calAccessToken" VARCHAR NOT NULL,
        "calAccessTokenExpiresAt" TIMESTAMP(3), "calRefreshToken" TEXT, "calManagedUserId" BIGINT NOT NULL,
        "createdAt" TIMESTAMPTZ DEFAULT now(), "updatedAt" TIMESTAMPTZ DEFAULT now()
      )`);
    await createSchema(database.pool);
    const client = createPool(database.url, { options: "-c TimeZone=America/St_Johns" });
    const store = postgresTokenStore({ client });
    const ada = tokens("5a3c1f1e-0000-4000-8000-000000000001");
    const written = await store.set(ada, { ifVersion: null });
    expect(written).toMatchObject(ada);
    expect(await store.set(ada, { ifVersion: written!.version })).toMatchObject(ada);
    expect(await store.get(ada.userId)).toMatchObject(ada);
    expect(await store.list({ limit: 5 })).toEqual([ada.userId]);
    expect(await store.list({ after: ada.userId, limit: 5 })).toEqual([]);
    const stored = await client.query(
      `SELECT "calAccessTokenExpiresAt"::text AS t FROM "CalendarIntegration"`,
    );
    expect(stored.rows).toEqual([{ t: "2030-01-02 03:04:05.678" }]);
    await client.end();
  });

  test("instants are right in a session whose zone had an offset with seconds", async () => {
    const client = createPool(database.url, { options: "-c TimeZone=Africa/Monrovia" });
    const store = postgresTokenStore({ client });
    for (const ms of [-1, 0, 1, 951_782_400_001, 1_893_456_000_123, 253_402_300_799_999]) {
      const record = tokens("ada", { calAccessTokenExpiresAt: new Date(ms) });
      const version = (await store.get("ada"))?.version ?? null;
      expect(await store.set(record, { ifVersion: version })).toMatchObject(record);
      expect(await store.get("ada")).toMatchObject(record);
    }
    await client.end();
  });

  test("createdAt and updatedAt without a time zone are UTC, whatever the session's zone", async () => {
    await database.pool.query(`ALTER TABLE "CalendarIntegration"
      ALTER COLUMN "createdAt" TYPE TIMESTAMP, ALTER COLUMN "updatedAt" TYPE TIMESTAMP`);
    const client = createPool(database.url, { options: "-c TimeZone=Asia/Kolkata" });
    const store = postgresTokenStore({ client });
    const from = Date.now();
    const first = await store.set(tokens("ada"), { ifVersion: null });
    const second = await store.set(tokens("ada"), { ifVersion: first!.version });
    for (const at of [first!.createdAt, first!.updatedAt, second!.createdAt, second!.updatedAt]) {
      expect(at.getTime()).toBeGreaterThanOrEqual(from);
      expect(at.getTime()).toBeLessThanOrEqual(Date.now());
    }
    await client.end();
  });

  test("an instant of infinity is no expiry", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await store.set(tokens("ada"), { ifVersion: null });
    await database.pool.query(`UPDATE "CalendarIntegration" SET "calAccessTokenExpiresAt" = 'infinity'`);
    expect((await store.get("ada"))!.calAccessTokenExpiresAt).toBe(null);
  });

  test("a row without a user is no user's", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await database.pool.query(
      `INSERT INTO "CalendarIntegration" ("calAccessToken", "calManagedUserId") VALUES ('x', 1), ('y', 2)`,
    );
    expect(await store.get("null")).toBe(null);
    expect(await store.list({ limit: 5 })).toEqual([]);
  });
});
