import type { ChildProcess } from "node:child_process";
import { createSchema, postgresTokenStore } from "../../src/stores/postgres/postgres-token-store.js";
import { startCal } from "../support/cal-server.js";
import { createPool } from "../support/pool.js";
import { startPostgres } from "../support/postgres-server.js";
import { ask, builds, median, round, start, stop, type Finding } from "./report.js";

const ROUNDS = 20;
const PROCESSES = 4;
// About the time of a real refresh. The emulator on loopback would respond at once.
const REFRESH_MS = 100;

/** Measures how long the last of many callers waits for an expired token, as a multiple of one refresh. */
export async function measureStorm(): Promise<Finding> {
  const postgres = await startPostgres();
  const pool = createPool(postgres.url, { max: 4 });
  await createSchema(pool);
  const store = postgresTokenStore({ client: pool });
  const cal = await startCal({ pool }, store, { clientId: "bench", clientSecret: "bench-secret" });
  cal.emulator.inject({ path: /\/refresh$/, times: Infinity, effect: { delayMs: REFRESH_MS } });
  const all: ChildProcess[] = [];
  const storms: Record<string, { processes: ChildProcess[]; callers: number }> = {};
  for (const build of builds) {
    const workers = Array.from({ length: PROCESSES }, () =>
      start("storm-worker.ts", [cal.url, postgres.url], build),
    );
    for (const worker of workers) await ask(worker);
    all.push(...workers);
    const of = (storm: string) => (build.name === "calbridge" ? storm : `${storm}, before`);
    storms[of("1 caller")] = { processes: workers.slice(0, 1), callers: 1 };
    storms[of("1000 callers in 1 process")] = { processes: workers.slice(0, 1), callers: 1000 };
    storms[of(`200 callers in each of ${PROCESSES} processes`)] = { processes: workers, callers: 200 };
  }
  const times = new Map(Object.keys(storms).map((name) => [name, [] as number[]]));
  let users = 0;
  const run = async ({ processes, callers }: (typeof storms)[string]) => {
    const [userId = ""] = await cal.addUsers(1, `storm${users++}`);
    return Math.max(
      ...(await Promise.all(processes.map((worker) => ask<number>(worker, { userId, callers })))),
    );
  };
  for (const storm of Object.values(storms)) await run(storm);
  const before = cal.refreshes();
  for (let n = 0; n < ROUNDS; n += 1) {
    for (const [name, storm] of Object.entries(storms)) times.get(name)?.push(await run(storm));
  }
  const refreshes = cal.refreshes() - before;
  const forced = cal.forceRefreshes();
  await stop(...all);
  await cal.close();
  await pool.end();
  await postgres.stop();

  const one = median(times.get("1 caller") ?? []);
  return {
    title: "Refresh storms",
    notes: `Time until the last caller has its token, on Postgres, with a refresh that takes ${REFRESH_MS} ms; medians of ${ROUNDS} rounds. ${ROUNDS * times.size} expired tokens caused ${refreshes} refreshes and ${forced} forced refreshes.`,
    rows: [...times].map(([storm, list]) => ({
      storm,
      "last caller ms": round(median(list)),
      "x one refresh": round(median(list) / one, 2),
    })),
  };
}
