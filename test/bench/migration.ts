import { setTimeout as sleep } from "node:timers/promises";
import type { Pool, PoolClient } from "pg";
import { schemaSql } from "../../src/stores/postgres/postgres-token-store.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";
import { statementsOf } from "../support/tables.js";
import { median, round, type Finding } from "./report.js";

const ROWS = 1_000_000;
const TWICE = 1_000;
const WRITERS = 8;
const SAMPLE_MS = 20;

interface Case {
  name: string;
  inTransaction?: boolean;
  /** Changes the table before the migration. */
  prepare?: string;
}

const cases: Case[] = [
  { name: "one row for each user" },
  { name: "the same, --transaction", inTransaction: true },
  {
    name: `${String(TWICE)} users with two rows`,
    prepare: `UPDATE "T" SET "userUlid" = 'user-' || ("id" - 1) WHERE "id" <= ${String(2 * TWICE)} AND "id" % 2 = 0`,
  },
  {
    name: `${String(TWICE)} Cal.com users of two users`,
    prepare: `UPDATE "T" SET "calManagedUserId" = "id" - 1 WHERE "id" <= ${String(2 * TWICE)} AND "id" % 2 = 0`,
  },
];

const columns = `"id", "userUlid", "calAccessToken", "calAccessTokenExpiresAt", "calRefreshToken", "calManagedUserId", "createdAt", "updatedAt"`;
// The writers write to every tenth row of the second half only, so that all others must be as they were.
const first = ROWS / 2;
const isWritten = `"id" > ${String(first)} AND "id" % 10 = 0`;

/** A table as applications have it before they use the package: eight columns, no index but the one of the key. */
async function createTable(pool: Pool, { prepare }: Case): Promise<void> {
  await pool.query(`
    DROP TABLE IF EXISTS "T", "T_duplicates", "TEntry";
    CREATE TABLE "T" (
      "id" SERIAL PRIMARY KEY, "userUlid" TEXT, "calAccessToken" TEXT NOT NULL, "calAccessTokenExpiresAt" TIMESTAMPTZ,
      "calRefreshToken" TEXT, "calManagedUserId" INTEGER NOT NULL,
      "createdAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP, "updatedAt" TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP
    );
    INSERT INTO "T" ("userUlid", "calAccessToken", "calAccessTokenExpiresAt", "calRefreshToken", "calManagedUserId")
      SELECT 'user-' || n, repeat('a', 300), now(), repeat('r', 300), n FROM generate_series(1, ${String(ROWS)}) AS n;
    ${prepare ?? ""}`);
  await pool.query(`VACUUM ANALYZE "T"`);
}

/** What must be the same before and after: a sum over the rows that no writer touches, and how many there are. */
async function fingerprint(pool: Pool): Promise<{ all: number; sum: string }> {
  const hasArchive = await pool.query<{ found: boolean }>(
    `SELECT to_regclass('"T_duplicates"') IS NOT NULL AS found`,
  );
  const archived = hasArchive.rows[0]?.found
    ? `UNION ALL SELECT ${columns} FROM "T_duplicates", jsonb_populate_record(NULL::"T", "row")`
    : "";
  const { rows } = await pool.query<{ all: number; sum: string }>(`
    SELECT count(*)::int AS "all", coalesce(sum(hashtextextended(concat_ws('|', ${columns}), 0))
      FILTER (WHERE "id" <= ${String(ROWS)} AND NOT (${isWritten})), 0)::text AS "sum"
    FROM (SELECT ${columns} FROM "T" ${archived}) AS rows`);
  return rows[0]!;
}

interface Load {
  waits: number[];
  inserted: number;
  failures: string[];
}

/** Applications' own statements: seven in eight update a row by its key, the others insert a new user. */
async function write(pool: Pool, load: Load, isOver: () => boolean, writer: number): Promise<void> {
  for (let n = 0; !isOver(); n += 1) {
    const startedAt = performance.now();
    try {
      if (writer === 0) {
        await pool.query(
          `INSERT INTO "T" ("userUlid", "calAccessToken", "calManagedUserId") VALUES ($1, repeat('a', 300), $2)`,
          [`new-${String(n)}`, ROWS + 1 + n],
        );
        load.inserted += 1;
      } else {
        const id = first + 10 * (1 + ((n * 7919 + writer * 101) % (first / 10 - 1)));
        await pool.query(
          `UPDATE "T" SET "calAccessToken" = repeat('b', 300), "updatedAt" = now() WHERE "id" = $1`,
          [id],
        );
      }
    } catch (error) {
      load.failures.push(String(error));
    }
    load.waits.push(performance.now() - startedAt);
    await sleep(5);
  }
}

/** How long the migration's connection was seen with each lock on the table, in milliseconds. */
async function watchLocks(pool: Pool, pid: number, isOver: () => boolean): Promise<Map<string, number>> {
  const held = new Map<string, number>();
  let last = performance.now();
  while (!isOver()) {
    const { rows } = await pool.query<{ mode: string }>(
      `SELECT DISTINCT mode FROM pg_locks WHERE pid = $1 AND granted AND relation = to_regclass('"T"')`,
      [pid],
    );
    const now = performance.now();
    for (const { mode } of rows) held.set(mode, (held.get(mode) ?? 0) + now - last);
    last = now;
    await sleep(SAMPLE_MS);
  }
  return held;
}

async function migrate(client: PoolClient, inTransaction = false): Promise<number> {
  const script = schemaSql({ table: "T", inTransaction });
  const statements = inTransaction ? ["BEGIN", ...statementsOf(script), "COMMIT"] : statementsOf(script);
  const startedAt = performance.now();
  for (const statement of statements) await client.query(statement);
  return performance.now() - startedAt;
}

async function measureCase(pool: Pool, one: Case): Promise<Finding["rows"][number]> {
  await createTable(pool, one);
  const before = await fingerprint(pool);
  const load: Load = { waits: [], inserted: 0, failures: [] };
  let isOver = false;
  const writers = Array.from({ length: WRITERS }, (_, n) => write(pool, load, () => isOver, n));
  await sleep(2_000);
  const quiet = load.waits.splice(0);
  const client = await pool.connect();
  const { rows } = await client.query<{ pid: number }>("SELECT pg_backend_pid() AS pid");
  const watching = watchLocks(pool, rows[0]!.pid, () => isOver);
  const ms = await migrate(client, one.inTransaction);
  isOver = true;
  const [held] = await Promise.all([watching, ...writers]);
  client.release();
  const after = await fingerprint(pool);
  if (load.failures.length > 0) throw new Error(`A write failed: ${load.failures[0] ?? ""}`);
  const locks = [...held].filter(([mode]) => !mode.startsWith("Access") || mode === "AccessExclusiveLock");
  return {
    table: one.name,
    "s, in all": round(ms / 1000, 1),
    "ms, longest write": round(Math.max(...load.waits)),
    "ms, median write": round(median(load.waits), 1),
    "ms, median write before": round(median(quiet), 1),
    writes: load.waits.length,
    "locks, s": locks.map(([mode, time]) => `${mode} ${String(round(time / 1000, 1))}`).join(", "),
    "rows lost": before.all + load.inserted - after.all,
    "rows changed": before.sum === after.sum ? "none" : "SOME",
  };
}

/** How `calbridge schema` migrates a table of a million rows while the application writes to it. */
export async function measureMigration(): Promise<Finding> {
  const server = await startPostgres();
  const pool = createPool(server.url, { max: WRITERS + 3 });
  const rows = [];
  for (const one of cases) rows.push(await measureCase(pool, one));
  await pool.end();
  await server.stop();
  return {
    title: `The migration of a table of ${String(ROWS)} rows`,
    notes: `${String(WRITERS)} connections write all the time, 5 ms apart. Locks of the migration on the table, seen every ${String(SAMPLE_MS)} ms.`,
    rows,
  };
}
