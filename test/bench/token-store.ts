// How fast the Postgres store is: against its own statements sent by hand, against the plainest statements
// anybody would write, and in a table of a million users against one of a thousand.
//
//     npx tsx test/bench/token-store.ts
import { createSchema, postgresTokenStore } from "../../src/stores/postgres.js";
import { quoteNames } from "../../src/stores/shared/identifiers.js";
import { postgresStatements } from "../../src/stores/shared/postgres-statements.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";

const ROUNDS = 3000;
const WARM_UP = 500;
const SIZES = [1_000, 1_000_000];

type Way = (n: number) => Promise<unknown>;

const server = await startPostgres();
const pool = createPool(server.url, { max: 1 });

/** Makes a table of that many users, and answers the ways to read and write one of them. */
async function prepare(users: number): Promise<Record<string, Way>> {
  const table = `tokens_${users}`;
  await createSchema(pool, { table });
  await pool.query(
    `INSERT INTO "${table}" ("userUlid", "calAccessToken", "calAccessTokenExpiresAt", "calRefreshToken", "calManagedUserId", "version")
     SELECT 'user-' || n, repeat('a', 300), now(), repeat('r', 300), n, 1 FROM generate_series(0, $1 - 1) AS n`,
    [users],
  );
  await pool.query(`VACUUM ANALYZE "${table}"`);

  const store = postgresTokenStore({ client: pool, table });
  const sql = postgresStatements(quoteNames({ table }));
  // All over the table.
  const userId = (n: number) => `user-${(n * 7919) % users}`;
  const at = new Date();
  const record = {
    calManagedUserId: 1,
    calAccessToken: "a".repeat(300),
    calAccessTokenExpiresAt: at,
    calRefreshToken: "r".repeat(300),
    calRefreshTokenExpiresAt: at,
  };
  const values = ["1", record.calAccessToken, at.toISOString(), record.calRefreshToken, at.toISOString()];
  const versions = new Map<string, number>();
  const next = (id: string) => {
    const version = versions.get(id) ?? 1;
    versions.set(id, version + 1);
    return version;
  };
  const select = `SELECT * FROM "${table}" WHERE "userUlid" = $1`;
  const update = `UPDATE "${table}" SET "calManagedUserId" = $2, "calAccessToken" = $3, "calAccessTokenExpiresAt" = $4,
    "calRefreshToken" = $5, "calRefreshTokenExpiresAt" = $6, "version" = "version" + 1, "updatedAt" = now()
    WHERE "userUlid" = $1 AND "version" = $7 RETURNING *`;
  const write = (statement: string, id: string) => pool.query(statement, [id, ...values, String(next(id))]);
  return {
    "get: store": (n) => store.get(userId(n)),
    "get: its statement by hand": (n) => pool.query(sql.get, [userId(n)]),
    "get: SELECT *": (n) => pool.query(select, [userId(n)]),
    "set: store": (n) => store.set({ userId: userId(n), ...record }, { ifVersion: next(userId(n)) }),
    "set: its statement by hand": (n) => write(sql.update, userId(n)),
    "set: a plain UPDATE": (n) => write(update, userId(n)),
  };
}

function median(times: number[]): number {
  return times.sort((a, b) => a - b)[Math.floor(times.length / 2)] ?? Number.NaN;
}

const tables: Record<string, Way>[] = [];
for (const users of SIZES) tables.push(await prepare(users));

// In turns, and in another order each time: whatever else the machine does slows down all of them.
const all = tables.flatMap((ways, size) => Object.entries(ways).map(([name, way]) => ({ size, name, way })));
const times = tables.map((ways) => new Map(Object.keys(ways).map((name) => [name, [] as number[]])));
for (let n = 0; n < WARM_UP + ROUNDS; n += 1) {
  for (const { size, name, way } of all.sort(() => Math.random() - 0.5)) {
    const startedAt = performance.now();
    await way(n);
    if (n >= WARM_UP) times[size]?.get(name)?.push(performance.now() - startedAt);
  }
}
await pool.end();
await server.stop();

const medians = times.map((ways) => new Map([...ways].map(([name, list]) => [name, median(list) * 1000])));
const ratio = (size: number, name: string, other: string, otherSize = size) =>
  ((medians[size]?.get(name) ?? Number.NaN) / (medians[otherSize]?.get(other) ?? Number.NaN)).toFixed(2);

for (const [size, ways] of medians.entries()) {
  console.info(`\n${SIZES[size]?.toLocaleString("en")} users, median of ${ROUNDS} calls`);
  for (const [name, us] of ways) console.info(`  ${name.padEnd(28)} ${us.toFixed(0).padStart(5)} us`);
  for (const [method, plain] of [
    ["get", "get: SELECT *"],
    ["set", "set: a plain UPDATE"],
  ] as const) {
    const same = ratio(size, `${method}: store`, `${method}: its statement by hand`);
    console.info(
      `  ${method}: ${same} x its statement by hand, ${ratio(size, `${method}: store`, plain)} x ${plain.slice(5)}`,
    );
  }
}
console.info(
  `\nA thousand times the users: get ${ratio(1, "get: store", "get: store", 0)} x, set ${ratio(1, "set: store", "set: store", 0)} x`,
);
