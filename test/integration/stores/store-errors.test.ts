import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { rejection } from "../../support/client.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createDatabase, createPool, type TestDatabase } from "../../support/postgres.js";
import { createPostgresJs, createPrisma, tokens, type TestPrisma } from "../../support/token-stores.js";

let database: TestDatabase;
let prisma: TestPrisma;
let sql: ReturnType<typeof createPostgresJs>;

beforeAll(async () => {
  database = await createDatabase();
  prisma = await createPrisma(database.url);
  sql = createPostgresJs(database.url);
});
afterAll(async () => {
  await prisma.$disconnect();
  await sql.end();
  await database.drop();
});

beforeEach(async () => {
  await database.pool.query(`DROP TABLE IF EXISTS "CalendarIntegration", "User"`);
  await database.pool.query(`CREATE TABLE "User" ("ulid" TEXT PRIMARY KEY)`);
  await database.pool.query(`INSERT INTO "User" VALUES ('ada')`);
  await createSchema(database.pool, { users: { table: "User", column: "ulid" } });
});

const stores: Record<string, () => TokenStore> = {
  pg: () => postgresTokenStore({ client: database.pool }),
  "postgres.js": () => postgresTokenStore({ client: sql }),
  prisma: () => prismaTokenStore({ prisma }),
};

const secret = { calAccessToken: `s3cret "acc'ess`, calRefreshToken: "s3cret-\u00e4-refresh" };
const secrets = [secret.calAccessToken, secret.calRefreshToken, "s3cret"];

describe.each(Object.entries(stores))("%s", (_, makeStore) => {
  test("a user whom the application doesn't have: says to write the user first", async () => {
    const error = await rejection(makeStore().set(tokens("bob", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("write the user's own row first");
    expectNoSecret(error, secrets);
  });

  test("a table that isn't there, or not migrated: says to run calbridge schema", async () => {
    const store = makeStore();
    await database.pool.query(
      `ALTER TABLE "CalendarIntegration" DROP COLUMN "leaseOwner", DROP COLUMN "version"`,
    );
    const work = () => [
      store.get("ada"),
      store.set(tokens("ada", secret), { ifVersion: null }),
      store.acquireLease!("ada", { owner: "a", ttlMs: 1 }),
    ];
    const outdated = await Promise.all(work().map(rejection));
    await database.pool.query(`DROP TABLE "CalendarIntegration"`);
    const missing = await Promise.all(work().map(rejection));
    for (const error of [...outdated, ...missing]) {
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain("run `npx calbridge schema`");
      expectNoSecret(error, secrets);
    }
  });

  test("a row that a constraint refuses: an error without the row", async () => {
    await database.pool.query(`ALTER TABLE "CalendarIntegration" ADD CHECK ("calManagedUserId" < 1000)`);
    const refused = tokens("ada", { ...secret, calUserId: 1000 });
    const tooLarge = tokens("ada", { ...secret, calUserId: 2 ** 40 });
    for (const record of [refused, tooLarge]) {
      const error = await rejection(makeStore().set(record, { ifVersion: null }));
      expect(error).toBeInstanceOf(CalStoreError);
      expectNoSecret(error, secrets);
    }
    expect(await makeStore().get("ada")).toBe(null);
  });

  test("a unique constraint of the application's own is an error, not a lost write", async () => {
    await database.pool.query(`INSERT INTO "User" VALUES ('bob')`);
    await database.pool.query(`CREATE UNIQUE INDEX ON "CalendarIntegration" ("calManagedUserId")`);
    const store = makeStore();
    expect(await store.set(tokens("ada"), { ifVersion: null })).not.toBe(null);
    const error = await rejection(store.set(tokens("bob", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("unique constraint");
    expectNoSecret(error, secrets);
  });

  test("what a database would change or can't hold is refused, and nothing is lost", async () => {
    const store = makeStore();
    const before = await store.set(tokens("ada"), { ifVersion: null });
    const ifVersion = before!.version;
    for (const bad of ["a\0da", "\ud800", "ada\udfff"]) {
      for (const work of [
        () => store.get(bad),
        () => store.set(tokens(bad, secret), { ifVersion: null }),
        () => store.set(tokens("ada", { ...secret, calAccessToken: bad }), { ifVersion }),
        () => store.set(tokens("ada", { ...secret, calRefreshToken: bad }), { ifVersion }),
        () => store.delete(bad),
        () => store.acquireLease!(bad, { owner: "a", ttlMs: 1 }),
        () => store.releaseLease!(bad, { owner: "a" }),
      ]) {
        const error = await rejection(work());
        expect(error).toBeInstanceOf(CalValidationError);
        expectNoSecret(error, secrets);
      }
    }
    const noDate = { ...secret, calAccessTokenExpiresAt: new Date(Number.NaN) };
    await expect(store.set(tokens("ada", noDate), { ifVersion })).rejects.toThrow(CalValidationError);
    const noId = undefined as unknown as string;
    await expect(store.get(noId)).rejects.toThrow(CalValidationError);
    await expect(store.delete(noId)).rejects.toThrow(CalValidationError);
    expect(await store.get("ada")).toEqual(before);
  });
});

test("a database that is away is a store error, without the connection string's password", async () => {
  const nobody = createPool("postgresql://postgres:s3cret-password@127.0.0.1:1/nothing");
  const away = createPostgresJs("postgresql://postgres:s3cret-password@127.0.0.1:1/nothing");
  for (const client of [nobody, away]) {
    const store = postgresTokenStore({ client });
    const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("the database could not be reached (ECONNREFUSED).");
    expectNoSecret(error, secrets);
  }
  await nobody.end();
  await away.end();
});

test.each([
  ["57P01", "the database answered 57P01."],
  ["XX000", "the database answered XX000."],
  ["EPIPE", "the database could not be reached (EPIPE)."],
  ["EAI_AGAIN", "the database could not be reached (EAI_AGAIN)."],
  ["CONNECT_TIMEOUT", "the database could not be reached (CONNECT_TIMEOUT)."],
  ["UNDEFINED_VALUE", "the database's driver failed (UNDEFINED_VALUE)."],
  [undefined, "the database or its driver failed."],
])("a driver's error with the code %s says whose word it is", async (code, reason) => {
  const query = () => Promise.reject(Object.assign(new Error("no"), { code }));
  const error = await rejection(postgresTokenStore({ client: { query } }).get("ada"));
  expect((error as Error).message).toBe(`Could not read the user's tokens: ${reason}`);
});

test("a model that the Prisma client doesn't have, or that lacks fields", async () => {
  expect(() => prismaTokenStore({ prisma, model: "nothing" as "calToken" })).toThrow(CalValidationError);
  expect(() => prismaTokenStore({ prisma: undefined as unknown as object })).toThrow(CalValidationError);
  const store = prismaTokenStore({ prisma, fields: { version: "revision" } });
  const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
  expect(error).toBeInstanceOf(CalStoreError);
  expect((error as Error).message).toContain("npx calbridge schema --prisma");
  expectNoSecret(error, secrets);
});
