import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryConnectionStore } from "../../../src/stores/memory-connections.js";
import { createSchema, postgresConnectionStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaConnectionStore } from "../../../src/stores/prisma/prisma-token-store.js";
import {
  connectionStoreContract,
  type ConnectionStoreHarness,
} from "../../../src/testing/contract/connection-store-contract.js";
import { rejection } from "../../support/client.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { createPglite, createPostgresJs, createPrisma } from "../../support/token-stores.js";

// Every connection store that comes with the package keeps the same contract.

let database: TestDatabase;
const atTheEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  await createSchema(database.pool, { connections: true, connectionTable: "cal-connections" });
  await database.pool.query("CREATE SCHEMA calendars");
  await createSchema(database.pool, { schema: "calendars", connections: true });
});

afterAll(async () => {
  for (const end of atTheEnd.reverse()) await end();
  await database.drop();
});

const stores: Record<string, () => ConnectionStoreHarness | Promise<ConnectionStoreHarness>> = {
  memory: () => {
    let time = Date.now();
    return { store: memoryConnectionStore({ now: () => time }), advance: (ms) => void (time += ms) };
  },
  "postgres with pg": () => ({ store: postgresConnectionStore({ client: database.pool }) }),
  "postgres with pg, all names different": () => ({
    store: postgresConnectionStore({ client: database.pool, schema: "public", table: "cal-connections" }),
  }),
  "postgres with postgres.js": once(() => {
    const sql = createPostgresJs(database.url);
    atTheEnd.push(() => sql.end());
    return { store: postgresConnectionStore({ client: sql }) };
  }),
  "postgres with PGlite": once(async () => {
    const pglite = await createPglite();
    atTheEnd.push(() => pglite.close());
    await createSchema(pglite, { connections: true });
    return { store: postgresConnectionStore({ client: pglite }) };
  }),
  prisma: once(async () => {
    const prisma = await createPrisma(database.url);
    atTheEnd.push(() => prisma.$disconnect());
    return { store: prismaConnectionStore({ prisma }) };
  }),
  "prisma, in a schema of its own": once(async () => {
    const prisma = await createPrisma(database.url, {}, "schemas");
    atTheEnd.push(() => prisma.$disconnect());
    return { store: prismaConnectionStore({ prisma }) };
  }),
};

describe.each(Object.entries(stores))("%s", (_, makeStore) => {
  for (const { name, run } of connectionStoreContract(makeStore)) test(name, run);
});

test("a table that does not exist is named with the command that prints it", async () => {
  const store = postgresConnectionStore({ client: database.pool, table: "other" });
  expect(await rejection(store.get("ada"))).toMatchObject({
    code: "store_error",
    message: expect.stringContaining("`npx calbridge schema --connections`"),
  });
});

test("the query that finds who is due uses the index", async () => {
  await database.pool.query(`INSERT INTO "CalendarConnectionState"
    SELECT 'user' || n, NULL, now() + n * interval '1 second', NULL, 1 FROM generate_series(1, 20000) AS n`);
  await database.pool.query(`ANALYZE "CalendarConnectionState"`);
  const { rows } = await database.pool.query<{
    "QUERY PLAN": string;
  }>(`EXPLAIN SELECT "userId" FROM "CalendarConnectionState"
    WHERE "dueAt" <= now() AND ("claimedUntil" IS NULL OR "claimedUntil" <= now()) ORDER BY "dueAt" LIMIT 5`);
  expect(rows.map((row) => row["QUERY PLAN"]).join("\n")).toContain("CalendarConnectionState_dueAt_idx");
});

/** Connections are opened once for all cases; each case has users of its own. */
function once<Value>(make: () => Value | Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= Promise.resolve(make()));
}
