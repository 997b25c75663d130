import { createSchema } from "../../src/stores/postgres/postgres-token-store.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";
import { ask, builds, interleave, median, round, start, stop, type Finding } from "./report.js";
import type { RoundRobin } from "./users-worker.js";

const USERS = 10_000;
const AT_ONCE = 50;
const ROUNDS = 5;

/** The same token, of another Cal.com user. The server accepts it: it checks no signature. */
function tokenOf(accessToken: string, ownerId: number): string {
  const [header = "", payload = "", signature = ""] = accessToken.split(".");
  const claims = JSON.parse(Buffer.from(payload, "base64url").toString()) as object;
  const own = Buffer.from(JSON.stringify({ ...claims, ownerId })).toString("base64url");
  return [header, own, signature].join(".");
}

/** Measures calls for many users in turn, the worst order for a cache, with the tokens in Postgres. */
export async function measureUsers(): Promise<Finding> {
  const postgres = await startPostgres();
  const pool = createPool(postgres.url, { max: 1 });
  const server = start("fixed-cal-com.ts");
  const { origin, accessToken } = await ask<{ origin: string; accessToken: string }>(server);
  await createSchema(pool);
  await pool.query(
    `INSERT INTO "CalendarIntegration" ("userUlid", "calAccessToken", "calAccessTokenExpiresAt", "calRefreshToken", "calManagedUserId", "version")
     SELECT 'user-' || n - 1, token, now() + interval '1 hour', repeat('r', 300), n, 1
     FROM unnest($1::text[]) WITH ORDINALITY AS tokens (token, n)`,
    [Array.from({ length: USERS }, (_, n) => tokenOf(accessToken, n + 1))],
  );
  await pool.query('VACUUM ANALYZE "CalendarIntegration"');

  const caches = ["off", "1000", String(USERS)];
  const workers = builds.flatMap((build) =>
    caches.map((cache) => ({
      cache,
      build: build.name,
      child: start("users-worker.ts", [origin, postgres.url, cache], build),
    })),
  );
  const job = { calls: USERS, users: USERS, atOnce: AT_ONCE };
  for (const { child } of workers) {
    await ask(child);
    await ask(child, job);
  }
  const rounds = await interleave(workers, ROUNDS, ({ child }) => ask<RoundRobin>(child, job));
  await stop(server, ...workers.map(({ child }) => child));
  await pool.end();
  await postgres.stop();

  return {
    title: `${USERS} users in turn`,
    notes: `calendars.list(), ${AT_ONCE} at once, tokens in Postgres; medians of ${ROUNDS} interleaved rounds of ${USERS} calls. The default cache holds 1000 users. With users in turn, no call finds its user in the cache.`,
    rows: workers.map((worker) => {
      const results = rounds.get(worker) ?? [];
      const of = (figure: keyof RoundRobin, digits = 0) =>
        round(median(results.map((result) => result[figure])), digits);
      return {
        build: worker.build,
        cache: worker.cache,
        "calls a second": of("callsPerSecond"),
        "cpu us a call": of("cpuUsPerCall"),
        "queries a call": of("queriesPerCall", 2),
        "heap MB": of("heapMB", 1),
      };
    }),
  };
}
