import { serveTokenStore } from "../../src/testing/contract/token-store-processes.js";
import type { TokenStore } from "../../src/tokens/token-store.js";

// One of several processes that share a store. Its arguments are the kind of store and the database's URL or file. It imports only
// what this store needs, to start faster.
const [kind, url = ""] = process.argv.slice(2);

async function createStore(): Promise<TokenStore> {
  if (kind === "prisma") {
    const { prismaTokenStore } = await import("../../src/stores/prisma/prisma-token-store.js");
    const { loadPrisma } = await import("./prisma.js");
    return prismaTokenStore({ prisma: await loadPrisma(url) });
  }
  if (kind === "libsql") {
    const { sqliteTokenStore } = await import("../../src/stores/sqlite/sqlite-token-store.js");
    const { openLibsql } = await import("./sqlite.js");
    return sqliteTokenStore({ database: openLibsql(url) });
  }
  if (kind === "ioredis") {
    const { redisTokenStore } = await import("../../src/stores/redis/redis-token-store.js");
    const { Redis } = await import("ioredis");
    return redisTokenStore({ client: new Redis(url) });
  }
  if (kind === "node-redis") {
    const { redisTokenStore } = await import("../../src/stores/redis/redis-token-store.js");
    const { createClient } = await import("redis");
    const client = createClient({ url });
    await client.connect();
    return redisTokenStore({ client });
  }
  const { postgresTokenStore } = await import("../../src/stores/postgres/postgres-token-store.js");
  const { createPool } = await import("./pool.js");
  const store = postgresTokenStore({ client: createPool(url, { max: 4 }) });
  if (kind === "pg") return store;
  const { encryptedTokenStore } = await import("../../src/tokens/encryption/encrypted-token-store.js");
  const { testKeys } = await import("./keys.js");
  return encryptedTokenStore(store, { keys: testKeys });
}

serveTokenStore(await createStore());
