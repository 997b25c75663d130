import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalStoreError, CalValidationError } from "../../../src/errors.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { rejection } from "../../support/client.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createDatabase, createPool, type TestDatabase } from "../../support/postgres.js";
import { dropTables } from "../../support/tables.js";
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
  await dropTables(database.pool);
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
  test("a user that the application doesn't have: says to write the user first", async () => {
    const error = await rejection(makeStore().set(tokens("bob", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("write the user's own row first");
    expectNoSecret(error, secrets);
  });

  test("a table that doesn't exist, or is not migrated: says to run calbridge schema", async () => {
    const store = makeStore();
    await database.pool.query(
      `ALTER TABLE "CalendarIntegration" DROP COLUMN "calServer", DROP COLUMN "version"`,
    );
    await database.pool.query(`DROP TABLE "CalendarIntegrationEntry"`);
    const work = () => [
      store.get("ada"),
      store.set(tokens("ada", secret), { ifVersion: null }),
      store.acquireLease!("ada", { owner: "a", ttlMs: 1 }),
      store.putAttempt!("1", { data: "{}", ttlMs: 1 }),
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
    await database.pool.query(`INSERT INTO "User" VALUES ('bob'), ('cy')`);
    await database.pool.query(`CREATE UNIQUE INDEX ON "CalendarIntegration" ("calManagedUserId")`);
    const store = makeStore();
    const { calUserId } = (await store.set(tokens("ada"), { ifVersion: null }))!;
    const bobs = await store.set(tokens("bob"), { ifVersion: null });
    const elsewhere = { ...secret, calUserId, calServer: "eu" };
    for (const work of [
      () => store.set(tokens("cy", elsewhere), { ifVersion: null }),
      () => store.set(tokens("bob", elsewhere), { ifVersion: bobs!.version }),
      () => store.reassign!(tokens("cy", elsewhere), { from: "bob", ifVersion: bobs!.version }),
    ]) {
      const error = await rejection(work());
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain("unique constraint");
      expectNoSecret(error, secrets);
    }
    expect(await store.get("bob")).toEqual(bobs);
  });

  test("a column that is too short: says which type it needs", async () => {
    await database.pool.query(
      `ALTER TABLE "CalendarIntegration" ALTER COLUMN "calAccessToken" TYPE VARCHAR(255)`,
    );
    const long = tokens("ada", { calAccessToken: `s3cret${"a".repeat(300)}` });
    const error = await rejection(makeStore().set(long, { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("need TEXT");
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
        () => store.set(tokens("ada", { ...secret, details: bad }), { ifVersion }),
        () => store.set(tokens("ada", { ...secret, calServer: bad }), { ifVersion }),
        () => store.reassign!(tokens(bad, secret), { from: "ada", ifVersion }),
        () => store.reassign!(tokens("bob", secret), { from: bad, ifVersion }),
        () => store.putAttempt!(bad, { data: "s3cret", ttlMs: 1 }),
        () => store.putAttempt!("1", { data: bad, ttlMs: 1 }),
        () => store.getAttempt!(bad),
        () => store.takeAttempt!(bad),
        () => store.list!({ after: bad, limit: 1 }),
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

describe("a soft-deleted row says that soft delete is not supported", () => {
  async function expectRefusal(store: TokenStore): Promise<void> {
    expect(await store.get("ada")).toBe(null);
    const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("Soft delete is not supported");
    expectNoSecret(error, secrets);
  }

  test("by an extension of the Prisma client", async () => {
    type Query = (args: object) => Promise<unknown>;
    const extended = prisma.$extends({
      query: {
        calendarIntegration: {
          findMany: ({ args, query }: { args: { where?: object }; query: Query }) =>
            query({ ...args, where: { ...args.where, details: null } }),
          deleteMany: ({ args }: { args: { where?: object } }) =>
            (prisma.calendarIntegration as { updateMany: Query }).updateMany({
              where: args.where,
              data: { details: "deleted" },
            }),
        },
      },
    });
    const store = prismaTokenStore({ prisma: extended });
    await store.set(tokens("ada"), { ifVersion: null });
    await store.delete("ada");
    await expectRefusal(store);
  });

  test("by row level security", async () => {
    await postgresTokenStore({ client: database.pool }).set(tokens("ada"), { ifVersion: null });
    await database.pool.query(`
      DROP ROLE IF EXISTS app;
      CREATE ROLE app LOGIN PASSWORD 's3cret';
      GRANT ALL ON ALL TABLES IN SCHEMA public TO app;
      GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO app;
      ALTER TABLE "CalendarIntegration" ADD COLUMN "deletedAt" TIMESTAMPTZ, ENABLE ROW LEVEL SECURITY;
      CREATE POLICY live ON "CalendarIntegration" USING ("deletedAt" IS NULL);
      UPDATE "CalendarIntegration" SET "deletedAt" = now()`);
    const pool = createPool(database.url.replace("postgres:postgres@", "app:s3cret@"));
    await expectRefusal(postgresTokenStore({ client: pool }));
    await pool.end();
    await database.pool.query(`DROP OWNED BY app; DROP ROLE app`);
  });
});

test("a database that can't be reached is a store error, without the connection string's password", async () => {
  const pg = createPool("postgresql://postgres:s3cret-password@127.0.0.1:1/nothing");
  const postgresJs = createPostgresJs("postgresql://postgres:s3cret-password@127.0.0.1:1/nothing");
  for (const client of [pg, postgresJs]) {
    const store = postgresTokenStore({ client });
    const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("the database could not be reached (ECONNREFUSED).");
    expectNoSecret(error, secrets);
  }
  await pg.end();
  await postgresJs.end();
});

test.each([
  ["57P01", "the database returned 57P01."],
  ["XX000", "the database returned XX000."],
  ["EPIPE", "the database could not be reached (EPIPE)."],
  ["EAI_AGAIN", "the database could not be reached (EAI_AGAIN)."],
  ["CONNECT_TIMEOUT", "the database could not be reached (CONNECT_TIMEOUT)."],
  ["UNDEFINED_VALUE", "the database's driver failed (UNDEFINED_VALUE)."],
  [undefined, "the database or its driver failed."],
])("a driver's error with the code %s says where it is from", async (code, reason) => {
  const query = () => Promise.reject(Object.assign(new Error("no"), { code }));
  const error = await rejection(postgresTokenStore({ client: { query } }).get("ada"));
  expect((error as Error).message).toBe(`Could not read the user's tokens: ${reason}`);
});

test("a model that the Prisma client doesn't have, or that lacks fields, is refused at once", () => {
  const refused: [() => unknown, string][] = [
    [() => prismaTokenStore({ prisma, model: "nothing" as "calToken" }), "prisma.nothing is not a model"],
    [() => prismaTokenStore({ prisma: undefined as unknown as object }), "is not a model"],
    [() => prismaTokenStore({ prisma, model: "calToken" }), "prisma.calToken lacks the fields id, userUlid"],
    [() => prismaTokenStore({ prisma, model: "uuidToken" }), "prisma.uuidTokenEntry is not a model"],
    [
      () => prismaTokenStore({ prisma, entryModel: "calToken" }),
      "prisma.calToken lacks the fields key, value",
    ],
    [() => prismaTokenStore({ prisma, fields: { version: "revision" } }), "lacks the fields revision"],
    [() => prismaTokenStore({ prisma, fields: { revision: "version" } as object }), "fields.revision"],
    [() => prismaTokenStore({ prisma, fields: { version: "id" } }), "have the same name"],
    [() => prismaTokenStore({ prisma, fields: { userId: "createdAt", createdAt: "userUlid" } }), "DateTime"],
  ];
  for (const [make, message] of refused) {
    expect(make).toThrow(CalValidationError);
    expect(make).toThrow(message);
  }
});

test("a model whose fields Prisma doesn't tell, and that has them with another type", async () => {
  const hidden = (name: "calendarIntegration" | "calendarIntegrationEntry") =>
    new Proxy(prisma[name], {
      get: (target, key) => (key === "fields" ? undefined : (Reflect.get(target, key) as unknown)),
    });
  const client = {
    calendarIntegration: hidden("calendarIntegration"),
    calendarIntegrationEntry: hidden("calendarIntegrationEntry"),
  };
  const store = prismaTokenStore({ prisma: client, fields: { version: "revision" } });
  const error = await rejection(store.set(tokens("ada", secret), { ifVersion: null }));
  expect(error).toBeInstanceOf(CalStoreError);
  expect((error as Error).message).toContain("npx calbridge schema --prisma");
  expectNoSecret(error, secrets);
});
