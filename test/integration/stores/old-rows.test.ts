import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalUserInUseError } from "../../../src/errors.js";
import { postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { calUserIdOf } from "../../support/cal-user-id.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, dropTables, eightColumns } from "../../support/tables.js";
import { createPrisma, plainAndEncrypted, tokens, type TestPrisma } from "../../support/token-stores.js";

// Rows that applications wrote before they used calbridge, while the unique indexes are missing.

let database: TestDatabase;
let prisma: TestPrisma;

beforeAll(async () => {
  database = await createDatabase();
  prisma = await createPrisma(database.url);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});

beforeEach(async () => {
  await dropTables(database.pool);
  await database.pool.query(eightColumns);
});

/** What the migration does first; the indexes come last, and may take their time. */
function addColumns(version = "INTEGER NOT NULL DEFAULT 0"): Promise<unknown> {
  return database.pool.query(`
    ALTER TABLE "CalendarIntegration"
      ADD COLUMN "calRefreshTokenExpiresAt" TIMESTAMPTZ, ADD COLUMN "version" ${version},
      ADD COLUMN "calServer" TEXT NOT NULL DEFAULT '', ADD COLUMN "details" TEXT;
    CREATE TABLE "CalendarIntegrationEntry" (
      "key" TEXT PRIMARY KEY, "value" TEXT NOT NULL, "expiresAt" TIMESTAMPTZ NOT NULL)`);
}

const stores: Record<string, () => TokenStore> = {
  postgres: () => postgresTokenStore({ client: database.pool }),
  prisma: () => prismaTokenStore({ prisma }),
};

describe.each(Object.entries(stores))("%s", (_, makeStore) => {
  test("a row without version and refresh expiry is read, leased, written and deleted", async () => {
    for (const userId of ["plain", "encrypted"]) await addOldRow(database.pool, userId);
    await addColumns();
    for (const [userId, store] of plainAndEncrypted(makeStore())) {
      const old = await store.get(userId);
      expect(old).toMatchObject({
        userId,
        calUserId: calUserIdOf(userId),
        calServer: "",
        details: null,
        calAccessToken: `old-access-of-${userId}`,
        calAccessTokenExpiresAt: null,
        calRefreshTokenExpiresAt: null,
      });
      expect(await store.acquireLease!(userId, { owner: "a", ttlMs: 60_000 })).toBe(true);
      expect(await store.acquireLease!(userId, { owner: "b", ttlMs: 60_000 })).toBe(false);
      const written = await store.set(tokens(userId), { ifVersion: old!.version });
      expect(written).toMatchObject(tokens(userId));
      expect(await store.get(userId)).toEqual(written);
      expect(await store.set(tokens(userId), { ifVersion: old!.version })).toBe(null);
      await store.releaseLease!(userId, { owner: "a" });
      expect(await store.delete(userId)).toBe(true);
    }
  });

  test("of several rows the newest is the user's, also after a write; a delete removes all of them", async () => {
    const rowsOfAda: [string, string | null][] = [
      ["older", "2026-01-01T00:00:00Z"],
      ["newest", "2126-01-02T00:00:00Z"],
      ["oldest", "2025-01-01T00:00:00Z"],
      ["undated", null],
    ];
    for (const [accessToken, updatedAt] of rowsOfAda) {
      await addOldRow(database.pool, "ada", { accessToken, updatedAt });
    }
    await addColumns();
    const store = makeStore();
    expect((await store.get("ada"))!.calAccessToken).toBe("newest");
    expect(await store.acquireLease!("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    expect(await store.acquireLease!("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);

    // The row was written by a clock that is a hundred years ahead: this write must not make it the older one.
    const written = await store.set(tokens("ada"), { ifVersion: 0 });
    expect(await store.get("ada")).toEqual(written);
    expect(await store.set(tokens("ada"), { ifVersion: 0 })).toBe(null);
    expect(await store.set(tokens("ada"), { ifVersion: null })).toBe(null);
    const rows = await database.pool.query(
      `SELECT "calAccessToken" AS t FROM "CalendarIntegration" ORDER BY 1`,
    );
    expect(rows.rows.map(({ t }: { t: string }) => t)).toEqual([
      "access-of-ada",
      "older",
      "oldest",
      "undated",
    ]);

    expect(await store.list!({ limit: 10 })).toEqual(["ada"]);
    expect(await store.delete("ada")).toBe(true);
    expect(await store.get("ada")).toBe(null);
  });

  test("of two rows written at the same instant the one with the higher id is the newer", async () => {
    const updatedAt = "2026-01-01T00:00:00Z";
    await addOldRow(database.pool, "ada", { accessToken: "first", updatedAt });
    await addOldRow(database.pool, "ada", { accessToken: "second", updatedAt });
    await addColumns();
    expect((await makeStore().get("ada"))!.calAccessToken).toBe("second");
  });

  test("first writes one after the other make one row, also without the unique index", async () => {
    await addOldRow(database.pool, "another");
    await database.pool.query(`INSERT INTO "User" VALUES ('ada')`);
    await addColumns();
    const store = makeStore();
    expect(await store.set(tokens("ada"), { ifVersion: null })).not.toBe(null);
    expect(await store.set(tokens("ada"), { ifVersion: null })).toBe(null);
    const { rows } = await database.pool.query(`SELECT FROM "CalendarIntegration" WHERE "userUlid" = 'ada'`);
    expect(rows).toHaveLength(1);
  });
});

describe.each(Object.entries(stores))("%s, while several users have one Cal.com user", (_, makeStore) => {
  beforeEach(async () => {
    for (const userId of ["ada", "bob"]) await addOldRow(database.pool, userId, { calUserId: 7 });
    await addOldRow(database.pool, "cy");
    await database.pool.query(`INSERT INTO "User" VALUES ('dan')`);
    await addColumns();
  });

  test("those users' tokens are written, so that no refresh is lost", async () => {
    const store = makeStore();
    for (const userId of ["ada", "bob"]) {
      const record = tokens(userId, { calUserId: 7 });
      expect(await store.set(record, { ifVersion: 0 })).toMatchObject(record);
    }
  });

  test("no other user gets that Cal.com user, though the unique index is missing", async () => {
    const store = makeStore();
    const writes = [
      () => store.set(tokens("cy", { calUserId: 7 }), { ifVersion: 0 }),
      () => store.set(tokens("dan", { calUserId: 7 }), { ifVersion: null }),
      () => store.reassign!(tokens("dan", { calUserId: 7 }), { from: "cy", ifVersion: 0 }),
    ];
    for (const write of writes) await expect(write()).rejects.toThrow(CalUserInUseError);
    expect(await store.get("dan")).toBe(null);
    expect((await store.get("cy"))!.calUserId).toBe(calUserIdOf("cy"));
  });

  test("a row is given to another user", async () => {
    const store = makeStore();
    const record = tokens("dan", { calUserId: 7 });
    expect(await store.reassign!(record, { from: "bob", ifVersion: 0 })).toMatchObject(record);
    expect(await store.get("bob")).toBe(null);
  });
});

describe.each(Object.entries(stores))("%s", (_, makeStore) => {
  test("giving a record to another user leaves no older row of the former one", async () => {
    await addOldRow(database.pool, "ada", { accessToken: "older", updatedAt: "2026-01-01T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "newest", updatedAt: "2026-01-02T00:00:00Z" });
    await database.pool.query(`INSERT INTO "User" VALUES ('bob')`);
    await addColumns();
    const store = makeStore();
    const record = tokens("bob", { calUserId: calUserIdOf("ada") });
    expect(await store.reassign!(record, { from: "ada", ifVersion: 0 })).toMatchObject(record);
    expect(await store.get("ada")).toBe(null);
    expect(await store.list!({ limit: 10 })).toEqual(["bob"]);
  });

  test("a row without a user keeps its Cal.com user from others, and the error says so", async () => {
    await database.pool.query(`INSERT INTO "User" VALUES ('ada'), ('bob')`);
    await database.pool.query(
      `INSERT INTO "CalendarIntegration" ("calAccessToken", "calManagedUserId") VALUES ('x', 7), ('y', 8)`,
    );
    await addColumns();
    const store = makeStore();
    const write = store.set(tokens("ada", { calUserId: 7 }), { ifVersion: null });
    await expect(write).rejects.toThrow("has no user id");
    expect(await store.list!({ limit: 10 })).toEqual([]);
    expect(await store.set(tokens("bob"), { ifVersion: null })).toMatchObject(tokens("bob"));
    expect(await store.list!({ limit: 10 })).toEqual(["bob"]);
  });
});

test("postgres: a version that is NULL counts as 0", async () => {
  await addOldRow(database.pool, "ada");
  await addColumns("INTEGER");
  const store = postgresTokenStore({ client: database.pool });
  expect((await store.get("ada"))!.version).toBe(0);
  expect((await store.set(tokens("ada"), { ifVersion: 0 }))!.version).toBe(1);
});
