import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type * as Calbridge from "../../src/index.js";
import type * as Postgres from "../../src/stores/postgres/postgres-token-store.js";
import { createPool } from "../support/pool.js";
import { dist } from "./report.js";

const [origin = "", databaseUrl = "", maxUsers = ""] = process.argv.slice(2);
const load = async <T>(file: string) => (await import(pathToFileURL(join(dist, file)).href)) as T;
const { CalClient } = await load<typeof Calbridge>("index.js");
const { postgresTokenStore } = await load<typeof Postgres>("postgres.js");

let queries = 0;
const pool = createPool(databaseUrl, { max: 10 });
const client = {
  query: (text: string, values: (string | null)[]) => {
    queries += 1;
    return pool.query(text, values);
  },
};
const cal = new CalClient({
  managedUsers: { clientId: "bench", clientSecret: "s" },
  baseUrl: `${origin}/v2`,
  tokenStore: postgresTokenStore({ client }),
  cache: maxUsers === "off" ? false : { maxUsers: Number(maxUsers) },
});

export interface RoundRobin {
  callsPerSecond: number;
  cpuUsPerCall: number;
  queriesPerCall: number;
  heapMB: number;
}

let user = 0;
process.on("message", ({ calls, users, atOnce }: { calls: number; users: number; atOnce: number }) => {
  void (async () => {
    queries = 0;
    const cpu = process.cpuUsage();
    const startedAt = performance.now();
    let left = calls;
    const caller = async () => {
      while (left > 0) {
        left -= 1;
        user = (user + 1) % users;
        await cal.forUser(`user-${user}`).calendars.list();
      }
    };
    await Promise.all(Array.from({ length: atOnce }, caller));
    const seconds = (performance.now() - startedAt) / 1000;
    const { user: own, system } = process.cpuUsage(cpu);
    globalThis.gc?.();
    process.send?.({
      callsPerSecond: calls / seconds,
      cpuUsPerCall: (own + system) / calls,
      queriesPerCall: queries / calls,
      heapMB: process.memoryUsage().heapUsed / 1e6,
    } satisfies RoundRobin);
  })();
});
process.send?.("ready");
