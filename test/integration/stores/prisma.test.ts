import { readReplicas } from "@prisma/extension-read-replicas";
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import { createSchema } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaConnectionStore, prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import { reencryptTokens } from "../../../src/tokens/encryption/reencrypt-tokens.js";
import { rejection } from "../../support/client.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { addOldRow, dropTables, eightColumns } from "../../support/tables.js";
import {
  createOtherPrisma,
  createPrisma,
  testKeys,
  tokens,
  type TestPrisma,
} from "../../support/token-stores.js";

// What applications do with their Prisma client, and what must not make a difference.

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
  for (const userId of ["ada", "bob"]) await addOldRow(database.pool, userId);
  await createSchema(database.pool);
});

type Args = { args: object; query: (args: object) => Promise<unknown> };

describe("a client that hides fields", () => {
  test.each([
    ["the id", { id: true }],
    ["the version", { version: true }],
    ["the id and the version", { id: true, version: true }],
    ["tokens and details", { calAccessToken: true, calRefreshToken: true, details: true }],
  ])("by omitting %s: each user keeps its own row", async (_, calendarIntegration) => {
    const hiding = await createPrisma(database.url, {
      omit: { calendarIntegration, calendarIntegrationEntry: { value: true, expiresAt: true } },
    });
    const store = prismaTokenStore({ prisma: hiding });
    const bobs = await store.get("bob");
    const written = await store.set(tokens("ada"), { ifVersion: 0 });
    expect(written).toMatchObject(tokens("ada"));
    expect(await store.get("ada")).toEqual(written);
    expect(await store.get("bob")).toEqual(bobs);
    expect(await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
    expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
    expect(await store.acquireLease("bob", { owner: "b", ttlMs: 60_000 })).toBe(true);
    await store.putAttempt("1", { data: "{}", ttlMs: 60_000 });
    expect(await store.takeAttempt("1")).toBe("{}");
    expect(await store.delete("ada")).toBe(true);
    expect(await store.get("bob")).toEqual(bobs);
    await hiding.$disconnect();
  });

  test.each(["id", "version", "userUlid", "details"])(
    "by an extension that removes %s from rows: nothing is written, and the error names it",
    async (field) => {
      const hiding = prisma.$extends({
        query: {
          calendarIntegration: {
            findMany: async ({ args, query }: Args) =>
              ((await query(args)) as object[]).map((row) =>
                Object.fromEntries(Object.entries(row).filter(([name]) => name !== field)),
              ),
          },
        },
      });
      const store = prismaTokenStore({ prisma: hiding });
      for (const work of [
        () => store.get("ada"),
        () => store.set(tokens("ada"), { ifVersion: 0 }),
        () => store.delete("ada"),
        () => store.reassign(tokens("cy"), { from: "ada", ifVersion: 0 }),
      ]) {
        const error = await rejection(work());
        expect(error).toBeInstanceOf(CalStoreError);
        expect((error as Error).message).toContain(`a row without ${field}`);
      }
      const { rows } = await database.pool.query(
        `SELECT FROM "CalendarIntegration" WHERE "calAccessToken" LIKE 'old-access-of-%'`,
      );
      expect(rows).toHaveLength(2);
    },
  );
});

test("a client that returns another user's row, as a wrong cache does: it is not taken for the user's", async () => {
  const confused = prisma.$extends({
    query: {
      calendarIntegration: {
        findMany: ({ args, query }: Args) => query({ ...args, where: { userUlid: "bob" } }),
      },
    },
  });
  expect(await prismaTokenStore({ prisma: confused }).get("ada")).toBe(null);
});

test("a client with read replicas: the store reads from the primary", async () => {
  const copy = await createDatabase();
  await createSchema(copy.pool);
  const replica = await createPrisma(copy.url);
  const withReplicas = prisma.$extends(readReplicas({ replicas: [replica] }) as object) as ReadsFromReplica;
  // The replica never gets anything.
  expect(await withReplicas.calendarIntegration.findMany()).toEqual([]);
  const store = prismaTokenStore({ prisma: withReplicas });
  expect(await store.get("ada")).toMatchObject({ userId: "ada" });
  expect(await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
  expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
  await replica.$disconnect();
  await copy.drop();
});

interface ReadsFromReplica {
  calendarIntegration: { findMany(): Promise<object[]> };
}

test.each([
  ["mysql", "Use a store for Postgres, SQLite or Redis, or write your own"],
  ["sqlite", "Use calbridge/sqlite with a driver for the same file"],
] as const)(
  "a client over %s is refused when the store is created: the error says what to use",
  async (provider, advice) => {
    const client = await createOtherPrisma(provider);
    for (const each of [client, client.$extends({ name: "extended" })]) {
      for (const createStore of [prismaTokenStore, prismaConnectionStore]) {
        expect(() => createStore({ prisma: each })).toThrow(CalValidationError);
        expect(() => createStore({ prisma: each })).toThrow(
          `works over Postgres, and this client's provider is ${provider}. ${advice}`,
        );
      }
    }
  },
);

describe("leases and attempts", () => {
  test("expire by the database's clock, whatever the process's own says", async () => {
    const store = prismaTokenStore({ prisma });
    await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 });
    await store.putAttempt("1", { data: "{}", ttlMs: 60_000 });
    vi.useFakeTimers({ now: Date.now() + 3_600_000, toFake: ["Date", "performance"] });
    try {
      expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
      expect(await store.getAttempt("1")).toBe("{}");
      expect(await store.takeAttempt("1")).toBe("{}");
    } finally {
      vi.useRealTimers();
    }
  });

  test("are removed by later attempts when they have expired, some at a time", async () => {
    await database.pool.query(`
      INSERT INTO "CalendarIntegrationEntry"
      SELECT 'attempt:' || n, '{}', now() - interval '1 minute' FROM generate_series(1, 150) AS n`);
    const store = prismaTokenStore({ prisma });
    const count = async () =>
      (await database.pool.query(`SELECT FROM "CalendarIntegrationEntry"`)).rows.length;
    await store.putAttempt("new-1", { data: "{}", ttlMs: 60_000 });
    expect(await count()).toBe(51);
    await store.putAttempt("new-2", { data: "{}", ttlMs: 60_000 });
    expect(await count()).toBe(2);
  });

  test("agree between sessions in different time zones", async () => {
    // Prisma's driver adapter leaves the zone out when it writes an instant, and ignores it when it reads one.
    const inZone = (zone: string) =>
      createPrisma(`${database.url}?options=${encodeURIComponent(`-c TimeZone=${zone}`)}`);
    const clients = [await inZone("Asia/Kolkata"), await inZone("America/Lima")];
    const stores = clients.map((client) => prismaTokenStore({ prisma: client }));
    for (const [first, second] of [stores, [...stores].reverse()]) {
      const userId = first === stores[0] ? "ada" : "bob";
      expect(await first!.acquireLease(userId, { owner: "a", ttlMs: 60_000 })).toBe(true);
      expect(await second!.acquireLease(userId, { owner: "b", ttlMs: 60_000 })).toBe(false);
      await first!.releaseLease(userId, { owner: "a" });
      expect(await first!.acquireLease(userId, { owner: "a", ttlMs: 1 })).toBe(true);
      await expect.poll(() => second!.acquireLease(userId, { owner: "b", ttlMs: 60_000 })).toBe(true);
    }
    for (const client of clients) await client.$disconnect();
  });
});

describe.each([
  ["uuidToken", "uuid_tokens", "UUID", "5a3c1f1e-0000-4000-8000-00000000000"],
  ["intToken", "int_tokens", "INTEGER", ""],
] as const)("user ids in %s", (model, table, type, prefix) => {
  test("are listed page by page, and their tokens are encrypted", async () => {
    await database.pool.query(`DROP TABLE IF EXISTS "${table}"`);
    await createSchema(database.pool, { table, userIdType: type });
    const store = prismaTokenStore({ prisma, model, entryModel: "calendarIntegrationEntry" });
    const userIds = Array.from({ length: 7 }, (_, n) => `${prefix}${n + 1}`);
    for (const userId of userIds) {
      const write = tokens(userId);
      // The access token names the Cal.com user, as Cal.com's do.
      const payload = Buffer.from(JSON.stringify({ ownerId: write.calUserId, for: userId })).toString(
        "base64url",
      );
      const calAccessToken = `eyJhbGciOiJIUzI1NiJ9.${payload}.c2ln`;
      await store.set({ ...write, calAccessToken }, { ifVersion: null });
    }
    const done = await reencryptTokens(store, { keys: testKeys, batchSize: 3 });
    expect(done).toMatchObject({ checked: 7, reencrypted: 7, busy: 0, failed: 0, done: true });
    expect((await store.get(userIds[6]!))!.calAccessToken).toMatch(/^eyJ/);
  });
});
