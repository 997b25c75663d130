import { fork } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ConnectionStore, TokenStore } from "../../../src/index.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaConnectionStore, prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import {
  connectionStoreContract,
  tokenStoreContract,
  tokenStoreProcessContract,
} from "../../../src/testing/index.js";
import { bundle } from "../../support/bundle.js";
import { startPgBouncer } from "../../support/pgbouncer.js";
import { createDatabase, createPool, type TestDatabase } from "../../support/postgres.js";
import { createPostgresJs, createPrisma } from "../../support/token-stores.js";

// The stores through a real PgBouncer in transaction mode. Each statement may run on another connection of the server.

interface Stores {
  tokenStore: TokenStore;
  connectionStore: ConnectionStore;
  close(): Promise<unknown>;
}

const kinds: Record<string, (url: string) => Stores | Promise<Stores>> = {
  pg: (url) => {
    const client = createPool(url);
    return {
      tokenStore: postgresTokenStore({ client }),
      connectionStore: postgresConnectionStore({ client }),
      close: () => client.end(),
    };
  },
  "postgres.js": (url) => {
    const client = createPostgresJs(url);
    return {
      tokenStore: postgresTokenStore({ client }),
      connectionStore: postgresConnectionStore({ client }),
      close: () => client.end(),
    };
  },
  prisma: async (url) => {
    const prisma = await createPrisma(url);
    return {
      tokenStore: prismaTokenStore({ prisma }),
      connectionStore: prismaConnectionStore({ prisma }),
      close: () => prisma.$disconnect(),
    };
  },
};

let database: TestDatabase;
let bouncer: Awaited<ReturnType<typeof startPgBouncer>>;
beforeAll(async () => {
  database = await createDatabase();
  bouncer = await startPgBouncer(database.url);
});
afterAll(async () => {
  await bouncer.stop();
  await database.drop();
});

test("the tables are created through it", async () => {
  const pool = createPool(bouncer.url);
  await createSchema(pool, { connections: true });
  await pool.end();
});

test("it is in transaction mode: a connection's settings are not the next statement's", async () => {
  const pools = [createPool(bouncer.url, { max: 1 }), createPool(bouncer.url, { max: 1 })];
  const [one, other] = pools.map(
    (pool) => async (text: string) => (await pool.query<{ pid: number }>(text)).rows,
  );
  const pid = async (client: typeof one) => (await client!("SELECT pg_backend_pid() AS pid"))[0]!.pid;
  // The client's connection stays open and the server's is another client's meanwhile.
  expect(await pid(one)).toBe(await pid(other));
  for (const pool of pools) await pool.end();
});

describe.each(Object.entries(kinds))("%s", (_, open) => {
  let stores: Stores;
  beforeAll(async () => {
    stores = await open(bouncer.url);
  });
  afterAll(() => stores.close());

  describe("the token store keeps the contract", () => {
    for (const { name, run } of tokenStoreContract(() => stores.tokenStore)) test(name, run);
  });

  describe("the connection store keeps the contract", () => {
    for (const { name, run } of connectionStoreContract(() => stores.connectionStore)) test(name, run);
  });
});

describe("several processes, some of them killed", () => {
  let program: string;
  beforeAll(async () => {
    program = await bundle("store-process");
  });
  const cases = tokenStoreProcessContract({
    makeStore: () => postgresTokenStore({ client: database.pool }),
    start: () => fork(program, ["pg", bouncer.url], { execArgv: [] }),
    processes: 3,
  });
  for (const { name, run } of cases) test(name, run);
});
