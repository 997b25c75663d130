import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { CalStoreError } from "../../../src/errors.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { rejection } from "../../support/client.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { createPrisma, tokens, type TestPrisma } from "../../support/token-stores.js";

// Columns whose type takes different user ids for one another: no user may get another one's record by it.

let database: TestDatabase;
let prisma: TestPrisma;

beforeAll(async () => {
  database = await createDatabase();
  prisma = await createPrisma(database.url);
  await createSchema(database.pool, { table: "CalendarIntegration" });
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});

const uuid = "5a3c1f1e-0000-4000-8000-00000000000a";

interface Kind {
  /** The definition of the column of user ids. */
  column: string;
  /** Before the table is made. */
  prepare?: string;
  ids: [string, string, string];
  /** Ids that the column takes for the first one. */
  aliases: string[];
  /** Whether the column would store an alias in the first one's spelling. */
  isRespelled: boolean;
  prismaModel?: "uuidToken" | "intToken";
}

const kinds: Record<string, Kind> = {
  uuid: {
    column: "UUID",
    ids: [uuid, uuid.replace("a", "b"), uuid.replace("5", "6")],
    aliases: [uuid.toUpperCase(), `{${uuid}}`, uuid.replaceAll("-", "")],
    isRespelled: true,
    prismaModel: "uuidToken",
  },
  integer: {
    column: "INTEGER",
    ids: ["1", "2", "10"],
    aliases: ["01", "+1", " 1", "1 "],
    isRespelled: true,
    prismaModel: "intToken",
  },
  bigint: {
    column: "BIGINT",
    ids: ["1", "2", "9007199254740993"],
    aliases: ["01", "001"],
    isRespelled: true,
  },
  "character(26)": {
    column: "CHAR(26)",
    ids: ["ada", "bob", "cy"],
    aliases: ["ada ", `ada${" ".repeat(23)}`],
    isRespelled: true,
  },
  "a collation that ignores case": {
    prepare: `CREATE COLLATION IF NOT EXISTS nocase (provider = icu, locale = 'und-u-ks-level2', deterministic = false)`,
    column: `TEXT COLLATE nocase`,
    ids: ["ada", "bob", "cy"],
    aliases: ["Ada", "ADA"],
    isRespelled: false,
  },
  citext: {
    prepare: `CREATE EXTENSION IF NOT EXISTS citext`,
    column: "CITEXT",
    ids: ["ada", "bob", "cy"],
    aliases: ["Ada", "ADA"],
    isRespelled: false,
  },
};

const cases = Object.entries(kinds).flatMap(([name, kind]) => {
  const table = kind.prismaModel === "intToken" ? "int_tokens" : "uuid_tokens";
  const postgres = () => postgresTokenStore({ client: database.pool, table });
  const { prismaModel } = kind;
  const ways: [string, Kind, string, () => TokenStore][] = [[`${name}, postgres`, kind, table, postgres]];
  if (prismaModel) {
    const entryModel = "calendarIntegrationEntry";
    const make = () => prismaTokenStore({ prisma, model: prismaModel, entryModel });
    ways.push([`${name}, prisma`, kind, table, make]);
  }
  return ways;
});

describe.each(cases)("%s", (_, kind, table, makeStore) => {
  const { ids, aliases } = kind;
  const [ada, bob, cy] = ids;
  let store: TokenStore;

  beforeEach(async () => {
    if (kind.prepare) await database.pool.query(kind.prepare);
    await database.pool.query(`
      DROP TABLE IF EXISTS "${table}";
      CREATE TABLE "${table}" (
        "id" SERIAL PRIMARY KEY, "userUlid" ${kind.column}, "calAccessToken" TEXT NOT NULL,
        "calAccessTokenExpiresAt" TIMESTAMPTZ, "calRefreshToken" TEXT, "calManagedUserId" INTEGER NOT NULL,
        "createdAt" TIMESTAMPTZ DEFAULT now(), "updatedAt" TIMESTAMPTZ DEFAULT now()
      )`);
    await createSchema(database.pool, { table });
    store = makeStore();
  });

  test("ids as they are stored work in all methods", async () => {
    for (const id of ids) {
      const first = await store.set(tokens(id), { ifVersion: null });
      expect(first).toMatchObject(tokens(id));
      expect(await store.set(tokens(id), { ifVersion: null })).toBe(null);
      expect(await store.set(tokens(id), { ifVersion: first!.version })).toMatchObject(tokens(id));
      expect(await store.get(id)).toMatchObject(tokens(id));
    }
    const listed: string[] = [];
    for (let after: string | undefined; ;) {
      const page = await store.list!({ after, limit: 2 });
      if (page.length === 0) break;
      listed.push(...page);
      after = page.at(-1);
    }
    expect(listed.sort()).toEqual([...ids].sort());
    expect(await store.delete(cy)).toBe(true);
    const { version, calUserId } = (await store.get(bob))!;
    const record = { ...tokens(cy), calUserId };
    expect(await store.reassign!(record, { from: bob, ifVersion: version })).toMatchObject(record);
    expect(await store.get(bob)).toBe(null);
    expect(await store.delete(ada)).toBe(true);
    expect(await store.get(ada)).toBe(null);
  });

  test.each(aliases)(
    "%j has no record, and can't change or delete the one of the id it is taken for",
    async (alias) => {
      const adas = await store.set(tokens(ada), { ifVersion: null });
      const bobs = await store.set(tokens(bob), { ifVersion: null });
      const { version } = adas!;
      expect(await store.get(alias)).toBe(null);
      expect(await store.delete(alias)).toBe(false);
      expect(await store.set(tokens(alias), { ifVersion: version })).toBe(null);
      expect(await store.reassign!(tokens(cy), { from: alias, ifVersion: version })).toBe(null);
      for (const write of [
        () => store.set(tokens(alias), { ifVersion: null }),
        () => store.reassign!(tokens(alias), { from: bob, ifVersion: bobs!.version }),
      ]) {
        const error = await rejection(write());
        expect(error).toBeInstanceOf(CalStoreError);
        expect((error as Error).message).toMatch(
          /another spelling of this id|another user's id for this one/,
        );
      }
      expect(await store.get(ada)).toEqual(adas);
      expect(await store.get(bob)).toEqual(bobs);
      expect((await store.list!({ limit: 10 })).sort()).toEqual([ada, bob].sort());
    },
  );

  if (kind.isRespelled) {
    test.each(aliases)("%j is not stored in another spelling", async (alias) => {
      const bobs = await store.set(tokens(bob), { ifVersion: null });
      for (const write of [
        () => store.set(tokens(alias), { ifVersion: null }),
        () => store.reassign!(tokens(alias), { from: bob, ifVersion: bobs!.version }),
      ]) {
        const error = await rejection(write());
        expect(error).toBeInstanceOf(CalStoreError);
        expect((error as Error).message).toContain("another spelling of this id");
      }
      expect(await store.list!({ limit: 10 })).toEqual([bob]);
      expect(await store.get(bob)).toMatchObject(tokens(bob));
    });
  }
});
