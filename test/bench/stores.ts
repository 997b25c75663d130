import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { Redis } from "ioredis";
import type * as Postgres from "../../src/stores/postgres/postgres-token-store.js";
import type * as RedisStore from "../../src/stores/redis/redis-token-store.js";
import type * as Sqlite from "../../src/stores/sqlite/sqlite-token-store.js";
import type { TokenStore } from "../../src/index.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";
import { hasRedis, startRedis } from "../support/redis-server.js";
import { createSqliteFile, openLibsql } from "../support/sqlite.js";
import { builds, hasEntry, median, round, type Build, type Finding } from "./report.js";
import { tokens } from "./tokens.js";

const ROUNDS = 1000;
const WARM_UP = 200;
const USERS = 1000;

/** Makes the store of a build. Its tables and keys have the number of the build in their names. */
type MakeStore = (build: Build, n: number) => Promise<Required<TokenStore>>;

interface Engine {
  name: string;
  /** The package's entry that has the store. */
  entry: string;
  makeStore: MakeStore;
  stop: () => Promise<void>;
}

async function load<T>({ dist }: Build, file: string): Promise<T> {
  return (await import(pathToFileURL(join(dist, file)).href)) as T;
}

async function postgres(): Promise<Engine> {
  const server = await startPostgres();
  const pool = createPool(server.url, { max: 1 });
  return {
    name: "Postgres (pg)",
    entry: "postgres",
    makeStore: async (build, n) => {
      const { createSchema, postgresTokenStore } = await load<typeof Postgres>(build, "postgres.js");
      await createSchema(pool, { table: `tokens_${n}` });
      return postgresTokenStore({ client: pool, table: `tokens_${n}` });
    },
    stop: async () => {
      await pool.end();
      await server.stop();
    },
  };
}

async function sqlite(): Promise<Engine> {
  const { file, remove } = await createSqliteFile();
  const database = openLibsql(file);
  await database.execute("PRAGMA journal_mode = WAL");
  return {
    name: "SQLite (libsql, a file)",
    entry: "sqlite",
    makeStore: async (build, n) => {
      const { createSchema, sqliteTokenStore } = await load<typeof Sqlite>(build, "sqlite.js");
      await createSchema(database, { table: `tokens_${n}` });
      return sqliteTokenStore({ database, table: `tokens_${n}` });
    },
    stop: async () => {
      database.close();
      await remove();
    },
  };
}

async function redis(): Promise<Engine> {
  if (!hasRedis) throw new Error("redis-server is not installed: apt-get install redis-server.");
  const server = await startRedis();
  const client = new Redis(server.url);
  return {
    name: "Redis (ioredis)",
    entry: "redis",
    makeStore: async (build, n) => {
      const { redisTokenStore } = await load<typeof RedisStore>(build, "redis.js");
      return redisTokenStore({ client, prefix: `tokens-${n}` });
    },
    stop: async () => {
      client.disconnect();
      await server.stop();
    },
  };
}

/** Fills the store. Returns the ways to use it. */
async function waysOf(store: Required<TokenStore>): Promise<Record<string, (n: number) => Promise<unknown>>> {
  const versions = new Map<string, number>();
  const write = async (n: number) => {
    const userId = `user-${n % USERS}`;
    const options = { ifVersion: versions.get(userId) ?? null };
    const written = await store.set({ ...tokens, userId, calUserId: (n % USERS) + 1 }, options);
    if (!written) throw new Error("A write that no other was in the way of was refused.");
    versions.set(userId, written.version);
  };
  for (let n = 0; n < USERS; n += 1) await write(n);
  return {
    get: (n) => store.get(`user-${(n * 7919) % USERS}`),
    set: write,
    "acquire and release a lease": async (n) => {
      const userId = `user-${n % USERS}`;
      await store.acquireLease(userId, { owner: "bench", ttlMs: 30_000 });
      await store.releaseLease(userId, { owner: "bench" });
    },
  };
}

/** The stores of each engine, one call after another. */
export async function measureStores(): Promise<Finding> {
  const rows: Finding["rows"] = [];
  for (const engine of [await postgres(), await sqlite(), await redis()]) {
    const all: { build: string; name: string; way: (n: number) => Promise<unknown>; us: number[] }[] = [];
    const measured = builds.filter((build) => hasEntry(build, engine.entry));
    for (const [n, build] of measured.entries()) {
      const ways = await waysOf(await engine.makeStore(build, n));
      for (const [name, way] of Object.entries(ways)) all.push({ build: build.name, name, way, us: [] });
    }
    for (let n = 0; n < WARM_UP + ROUNDS; n += 1) {
      for (const { way, us } of [...all].sort(() => Math.random() - 0.5)) {
        const startedAt = performance.now();
        await way(n);
        if (n >= WARM_UP) us.push((performance.now() - startedAt) * 1000);
      }
    }
    await engine.stop();
    for (const build of measured) {
      const mine = all.filter((way) => way.build === build.name);
      const row: Finding["rows"][number] = { store: engine.name, build: build.name };
      for (const { name, us } of mine) row[`${name}, us`] = round(median(us));
      rows.push(row);
    }
  }
  return {
    title: "The stores",
    notes: `One connection, ${USERS} users, servers on loopback; medians of ${ROUNDS} interleaved calls.`,
    rows,
  };
}
