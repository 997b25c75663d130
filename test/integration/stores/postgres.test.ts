import pg from "pg";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import {
  createSchema,
  postgresTokenStore,
  type PostgresClient,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { createDatabase, createPool, type TestDatabase } from "../../support/postgres.js";
import { createPostgresJs, tokens } from "../../support/token-stores.js";

let database: TestDatabase;

beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

beforeEach(async () => {
  await database.pool.query(`DROP TABLE IF EXISTS "CalendarIntegration"`);
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
  expect(await sent(() => store.delete("ada"))).toBe(1);
});

test("behind a cache that keeps what is read, as Hyperdrive does, nothing old is read", async () => {
  const kept = new Map<string, Promise<unknown>>();
  const client = {
    query: (text: string, values: unknown[]) => {
      // What writes, or asks for the time, such a cache leaves alone.
      const isKept = /^\s*SELECT/i.test(text) && !/\b(now|clock_timestamp|current_timestamp)\b/i.test(text);
      if (!isKept) return database.pool.query(text, values);
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
  test("goes by the database's clock, whatever the process's own says", async () => {
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

  test("needs a record: a user without one has nothing to refresh", async () => {
    const store = postgresTokenStore({ client: database.pool });
    expect(await store.acquireLease("nobody", { owner: "a", ttlMs: 1000 })).toBe(false);
    await store.releaseLease("nobody", { owner: "a" });
  });

  test("keeps no session: each statement may go over another connection, in a transaction of its own", async () => {
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

describe("drivers", () => {
  test("whatever the type parsers make of numbers and instants, a record is the same", async () => {
    const exotic = createPool(database.url, {
      types: { getTypeParser: () => (value: string | Buffer) => `parsed ${String(value)}`.slice(7) },
    });
    const plain = postgresTokenStore({ client: database.pool });
    const written = await plain.set(tokens("ada"), { ifVersion: null });
    expect(await postgresTokenStore({ client: exotic }).get("ada")).toEqual(written);
    await exotic.end();
  });

  test("one that answers the rows themselves, as Neon's over HTTP does, and has an `unsafe` of its own", async () => {
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

  test("anything else is refused", () => {
    const client = { close: () => undefined } as unknown as PostgresClient;
    for (const nothing of [client, undefined as unknown as PostgresClient]) {
      expect(() => postgresTokenStore({ client: nothing })).toThrow(CalValidationError);
    }
  });

  test("a client that answers something else than rows is a store error", async () => {
    for (const answer of [undefined, {}, { rows: [{ RECORD: "{}" }] }]) {
      const store = postgresTokenStore({ client: { query: () => Promise.resolve(answer) } });
      await expect(store.get("ada")).rejects.toThrow(CalStoreError);
    }
  });
});

describe("names", () => {
  test("are quoted, whatever they hold", async () => {
    const names = { table: `a "b"; DROP TABLE x; $1 'c'`, columns: { userId: `user "id"`, version: `$2` } };
    await createSchema(database.pool, names);
    await createSchema(database.pool, names);
    const store = postgresTokenStore({ client: database.pool, ...names });
    const written = await store.set(tokens("ada"), { ifVersion: null });
    expect(await store.get("ada")).toEqual(written);
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 1000 })).toBe(true);
    expect(await store.delete("ada")).toBe(true);
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
    expect(() => postgresTokenStore({ client, columns: { version: name } })).toThrow(CalValidationError);
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

  test("an instant of infinity is no end", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await store.set(tokens("ada"), { ifVersion: null });
    await database.pool.query(`UPDATE "CalendarIntegration" SET "calAccessTokenExpiresAt" = 'infinity'`);
    expect((await store.get("ada"))!.calAccessTokenExpiresAt).toBe(null);
  });

  test("rows of nobody are nobody's", async () => {
    const store = postgresTokenStore({ client: database.pool });
    await database.pool.query(
      `INSERT INTO "CalendarIntegration" ("calAccessToken", "calManagedUserId") VALUES ('x', 1), ('y', 2)`,
    );
    expect(await store.get("null")).toBe(null);
    expect(await store.list({ limit: 5 })).toEqual([]);
  });
});
