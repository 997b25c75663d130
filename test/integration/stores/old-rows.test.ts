import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, dropTables, eightColumns } from "../../support/tables.js";
import { createPrisma, plainAndEncrypted, tokens, type TestPrisma } from "../../support/token-stores.js";

// Rows that applications wrote before they had the SDK, before the unique index is there.

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

/** What the migration does first; the index comes last, and may take its time. */
function addColumns(version = "INTEGER NOT NULL DEFAULT 0"): Promise<unknown> {
  return database.pool.query(`ALTER TABLE "CalendarIntegration"
    ADD COLUMN "calRefreshTokenExpiresAt" TIMESTAMPTZ, ADD COLUMN "version" ${version},
    ADD COLUMN "leaseOwner" TEXT, ADD COLUMN "leaseEndsAt" TIMESTAMPTZ`);
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
        calUserId: 7,
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

  test("of several rows the newest is the user's, and stays it; the others don't come back", async () => {
    await addOldRow(database.pool, "ada", { accessToken: "older", updatedAt: "2026-01-01T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "newest", updatedAt: "2126-01-02T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "oldest", updatedAt: "2025-01-01T00:00:00Z" });
    await addOldRow(database.pool, "ada", { accessToken: "undated", updatedAt: null });
    await addColumns();
    const store = makeStore();
    expect((await store.get("ada"))!.calAccessToken).toBe("newest");
    expect(await store.acquireLease!("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    expect(await store.acquireLease!("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);

    // The row was written by a clock that is a hundred years ahead: ours must not make it the older one.
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

  test("first writes one after the other make one row, also before the unique index is there", async () => {
    await addOldRow(database.pool, "somebody");
    await database.pool.query(`INSERT INTO "User" VALUES ('ada')`);
    await addColumns();
    const store = makeStore();
    expect(await store.set(tokens("ada"), { ifVersion: null })).not.toBe(null);
    expect(await store.set(tokens("ada"), { ifVersion: null })).toBe(null);
    const { rows } = await database.pool.query(`SELECT FROM "CalendarIntegration" WHERE "userUlid" = 'ada'`);
    expect(rows).toHaveLength(1);
  });
});

test("postgres: a version that is NULL counts as 0", async () => {
  await addOldRow(database.pool, "ada");
  await addColumns("INTEGER");
  const store = postgresTokenStore({ client: database.pool });
  expect((await store.get("ada"))!.version).toBe(0);
  expect((await store.set(tokens("ada"), { ifVersion: 0 }))!.version).toBe(1);
});
