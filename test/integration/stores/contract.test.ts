import { afterAll, beforeAll, describe, test } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import {
  tokenStoreContract,
  type TokenStoreHarness,
} from "../../../src/testing/contract/token-store-contract.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { createPglite, createPostgresJs, createPrisma, testKeys } from "../../support/token-stores.js";

// Every store that comes with the package keeps the same contract, plain and encrypted.

let database: TestDatabase;
const atTheEnd: (() => Promise<unknown>)[] = [];

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
  await createSchema(database.pool, mapped);
  await database.pool.query("CREATE SCHEMA calendars");
  await createSchema(database.pool, { schema: "calendars" });
});

afterAll(async () => {
  for (const end of atTheEnd.reverse()) await end();
  await database.drop();
});

// The table of the model CalToken, in test/fixtures/prisma/schema.prisma.
const mapped = {
  table: "cal_tokens",
  columns: {
    id: "token_id",
    userId: "user_id",
    calAccessToken: "access_token",
    calAccessTokenExpiresAt: "access_token_expires_at",
    calRefreshToken: "refresh_token",
    calRefreshTokenExpiresAt: "refresh_token_expires_at",
    calUserId: "managed_user_id",
    calServer: "cal_server",
    createdAt: "created_at",
    updatedAt: "updated_at",
  },
};

const stores: Record<string, () => Promise<TokenStoreHarness>> = {
  memory: () => {
    let time = Date.now();
    const store = memoryTokenStore({ now: () => time });
    return Promise.resolve({ store, advance: (ms) => void (time += ms) });
  },
  "postgres with pg": () => Promise.resolve({ store: postgresTokenStore({ client: database.pool }) }),
  "postgres with pg, all names different": () => {
    return Promise.resolve({
      store: postgresTokenStore({ client: database.pool, schema: "public", ...mapped }),
    });
  },
  "postgres with postgres.js": once(() => {
    const sql = createPostgresJs(database.url);
    atTheEnd.push(() => sql.end());
    return Promise.resolve({ store: postgresTokenStore({ client: sql }) });
  }),
  "postgres with PGlite": once(async () => {
    const pglite = await createPglite();
    atTheEnd.push(() => pglite.close());
    await createSchema(pglite);
    return { store: postgresTokenStore({ client: pglite }) };
  }),
  prisma: once(async () => {
    const prisma = await createPrisma(database.url);
    atTheEnd.push(() => prisma.$disconnect());
    return { store: prismaTokenStore({ prisma }) };
  }),
  "prisma, all names different": once(async () => {
    const prisma = await createPrisma(database.url);
    atTheEnd.push(() => prisma.$disconnect());
    return {
      store: prismaTokenStore({
        prisma,
        model: "calToken",
        entryModel: "calEntry",
        fields: { id: "tokenId", userId: "userId" },
      }),
    };
  }),
  "prisma, in a schema of its own": once(async () => {
    const prisma = await createPrisma(database.url, {}, "schemas");
    atTheEnd.push(() => prisma.$disconnect());
    return { store: prismaTokenStore({ prisma }) };
  }),
};

const ways: Record<string, (store: TokenStore) => TokenStore> = {
  plain: (store) => store,
  encrypted: (store) => encryptedTokenStore(store, { keys: testKeys }),
};

describe.each(Object.entries(stores))("%s", (_, makeHarness) => {
  describe.each(Object.entries(ways))("%s", (__, around) => {
    const cases = tokenStoreContract(async () => {
      const harness = await makeHarness();
      return { ...harness, store: around(harness.store) };
    });
    for (const { name, run } of cases) test(name, run);
  });
});

/** Connections are opened once for all cases; each case has users of its own. */
function once<Value>(make: () => Promise<Value>): () => Promise<Value> {
  let made: Promise<Value> | undefined;
  return () => (made ??= make());
}
