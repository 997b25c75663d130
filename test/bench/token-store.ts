import type { Pool } from "pg";
import { createSchema, postgresTokenStore } from "../../src/stores/postgres/postgres-token-store.js";
import { quoteNames } from "../../src/stores/postgres/identifiers.js";
import { writeParameters } from "../../src/stores/postgres/record-json.js";
import { tokenStatements } from "../../src/stores/postgres/token-statements.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";
import { median, round, type Finding } from "./report.js";
import { tokens } from "./tokens.js";

const ROUNDS = 3000;
const WARM_UP = 500;
const SIZES = [1_000, 1_000_000];

type Way = (n: number) => Promise<unknown>;

/** Makes a table of that many users, and answers the ways to read and write one of them. */
async function prepare(pool: Pool, users: number): Promise<Record<string, Way>> {
  const table = `tokens_${users}`;
  await createSchema(pool, { table });
  await pool.query(
    `INSERT INTO "${table}" ("userUlid", "calAccessToken", "calAccessTokenExpiresAt", "calRefreshToken", "calManagedUserId", "version")
     SELECT 'user-' || n, repeat('a', 300), now(), repeat('r', 300), n, 1 FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(`VACUUM ANALYZE "${table}"`);

  const store = postgresTokenStore({ client: pool, table });
  const sql = tokenStatements(quoteNames({ table }));
  // All over the table.
  const numberOf = (n: number) => (n * 7919) % users;
  const userId = (n: number) => `user-${numberOf(n)}`;
  const at = tokens.calAccessTokenExpiresAt;
  const record = (n: number) => ({ ...tokens, userId: userId(n), calUserId: numberOf(n) });
  const versions = new Map<string, number>();
  const next = (id: string) => {
    const version = versions.get(id) ?? 1;
    versions.set(id, version + 1);
    return version;
  };
  let newUsers = 0;
  const select = `SELECT * FROM "${table}" WHERE "userUlid" = $1`;
  const update = `UPDATE "${table}" SET "calManagedUserId" = $2, "calAccessToken" = $3, "calAccessTokenExpiresAt" = $4,
    "calRefreshToken" = $5, "calRefreshTokenExpiresAt" = $6, "version" = "version" + 1, "updatedAt" = now()
    WHERE "userUlid" = $1 AND "version" = $7 RETURNING *`;
  return {
    "get: store": (n) => store.get(userId(n)),
    "get: its statement by hand": (n) => pool.query(sql.get, [userId(n), userId(n)]),
    "get: SELECT *": (n) => pool.query(select, [userId(n)]),
    "set: store": (n) => store.set(record(n), { ifVersion: next(userId(n)) }),
    "set: its statement by hand": (n) =>
      pool.query(sql.update, [...writeParameters(record(n), at), String(next(userId(n)))]),
    "set: a plain UPDATE": (n) =>
      pool.query(update, [
        userId(n),
        String(numberOf(n)),
        tokens.calAccessToken,
        at,
        tokens.calRefreshToken,
        at,
        String(next(userId(n))),
      ]),
    "insert: store": (n) => {
      const id = users + newUsers++;
      return store.set({ ...tokens, userId: `new-${n}-${id}`, calUserId: id }, { ifVersion: null });
    },
    "findUser: store": (n) => store.findUser({ calServer: "", calUserId: numberOf(n) }),
    "list of 100: store": (n) => store.list({ after: userId(n), limit: 100 }),
  };
}

/**
 * How fast the Postgres store is: against its own statements sent by hand, against the plainest statements
 * anybody would write, and in a table of a million users against one of a thousand.
 */
export async function measureTokenStore(): Promise<Finding> {
  const server = await startPostgres();
  const pool = createPool(server.url, { max: 1 });
  const tables: Record<string, Way>[] = [];
  for (const users of SIZES) tables.push(await prepare(pool, users));

  // In turns, and in another order each time: whatever else the machine does slows down all of them.
  const all = tables.flatMap((ways, size) =>
    Object.entries(ways).map(([name, way]) => ({ size, name, way, us: [] as number[] })),
  );
  for (let n = 0; n < WARM_UP + ROUNDS; n += 1) {
    for (const { way, us } of [...all].sort(() => Math.random() - 0.5)) {
      const startedAt = performance.now();
      await way(n);
      if (n >= WARM_UP) us.push((performance.now() - startedAt) * 1000);
    }
  }
  await pool.end();
  await server.stop();

  const find = (size: number, name: string) =>
    median(all.find((way) => way.size === size && way.name === name)?.us ?? []);
  return {
    title: "The Postgres store",
    notes: `One connection; medians of ${ROUNDS} interleaved calls.`,
    rows: Object.keys(tables[0] ?? {}).map((name) => {
      const store = `${name.slice(0, name.indexOf(":"))}: store`;
      return {
        way: name,
        ...Object.fromEntries(SIZES.map((users, size) => [`us, ${users} users`, round(find(size, name))])),
        "store x this way": round(find(0, store) / find(0, name), 2),
        "x a thousandth of the users": round(find(1, name) / find(0, name), 2),
      };
    }),
  };
}
