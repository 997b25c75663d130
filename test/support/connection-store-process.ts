import type { ConnectionStore } from "../../src/stores/connection-store.js";
import { serveConnectionStore } from "../../src/testing/contract/connection-store-processes.js";

// One of several processes that share a connection store. Its arguments are the kind of store and the database's URL or file.
const [kind, url = ""] = process.argv.slice(2);

async function createStore(): Promise<ConnectionStore> {
  if (kind === "prisma") {
    const { prismaConnectionStore } = await import("../../src/stores/prisma/prisma-token-store.js");
    const { loadPrisma } = await import("./prisma.js");
    return prismaConnectionStore({ prisma: await loadPrisma(url) });
  }
  if (kind === "libsql") {
    const { sqliteConnectionStore } = await import("../../src/stores/sqlite/sqlite-token-store.js");
    const { openLibsql } = await import("./sqlite.js");
    return sqliteConnectionStore({ database: openLibsql(url) });
  }
  const { postgresConnectionStore } = await import("../../src/stores/postgres/postgres-token-store.js");
  const { createPool } = await import("./pool.js");
  return postgresConnectionStore({ client: createPool(url, { max: 2 }) });
}

serveConnectionStore(await createStore());
