import { Agent, get } from "node:http";
import { startPostgres } from "../support/postgres-server.js";
import { createPool } from "../support/pool.js";
import { ask, builds, interleave, median, round, start, stop, type Build, type Finding } from "./report.js";

const AT_ONCE = 200;
const USERS = 100;
const ROUND_MS = 3000;
const ROUNDS = 5;
const SOAK_MS = 30_000;

const agent = new Agent({ keepAlive: true, maxSockets: AT_ONCE });

function request(url: string, userId: string): Promise<boolean> {
  return new Promise((resolve) => {
    get(url, { agent, headers: { cookie: `session=${userId}` } }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (chunk: string) => (body += chunk));
      response.on("end", () => resolve(body.includes('"hasConnectedCalendars":true')));
    }).on("error", () => resolve(false));
  });
}

interface Load {
  requests: number;
  errors: number;
  perSecond: number;
  /** Milliseconds. */
  latency: { p50: number; p99: number };
}

interface Measured extends Load {
  /** Processor time of the application's process. */
  cpuMsPerRequest: number;
}

/** Keeps `AT_ONCE` requests in flight for this time. */
async function load(url: string, ms: number): Promise<Load> {
  const until = performance.now() + ms;
  const latencies: number[] = [];
  let errors = 0;
  const began = performance.now();
  const worker = async (number: number): Promise<void> => {
    for (let i = number; performance.now() < until; i += 1) {
      const sent = performance.now();
      if (!(await request(url, `user${i % USERS}`))) errors += 1;
      latencies.push(performance.now() - sent);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, number) => worker(number)));
  const seconds = (performance.now() - began) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number): number => Math.round(latencies[Math.floor(latencies.length * part)] ?? 0);
  const requests = latencies.length;
  return {
    requests,
    errors,
    perSecond: Math.round(requests / seconds),
    latency: { p50: at(0.5), p99: at(0.99) },
  };
}

/** An application of its own for each build, with a database and a Cal.com of its own. */
async function startApplication(databaseUrl: string, build: Build) {
  const calCom = start("cal-com.ts");
  const application = start("application.ts", [await ask<string>(calCom), databaseUrl], build);
  const origin = await ask<string>(application);
  for (let i = 0; i < USERS; i += 1) {
    // Creates the managed user.
    await fetch(`${origin}/api/cal/refresh`, { headers: { cookie: `session=user${i}` } });
    await ask(calCom, `user${i}+`);
  }
  const usage = () => ask<{ heapUsed: number; cpuMs: number }>(application, "usage");
  return {
    usage,
    origin,
    stop: () => stop(application, calCom),
    measure: async (url: string): Promise<Measured> => {
      const before = await usage();
      const result = await load(url, ROUND_MS);
      const { cpuMs } = await usage();
      return { ...result, cpuMsPerRequest: (cpuMs - before.cpuMs) / result.requests };
    },
  };
}

/** Compares the status route under load with the same route written by hand with `fetch` and `pg`. */
export async function measureStatus(): Promise<Finding> {
  const postgres = await startPostgres();
  const pool = createPool(postgres.url, { max: 1 });
  const applications: Awaited<ReturnType<typeof startApplication>>[] = [];
  try {
    const ways: { way: string; url: string; application: (typeof applications)[number] }[] = [];
    for (const [n, build] of builds.entries()) {
      await pool.query(`CREATE DATABASE "status_${n}"`);
      const url = new URL(postgres.url);
      url.pathname = `/status_${n}`;
      const application = await startApplication(url.href, build);
      applications.push(application);
      if (n === 0) ways.push({ way: "by hand", url: `${application.origin}/by-hand`, application });
      ways.push({ way: build.name, url: `${application.origin}/api/cal/calendars/status`, application });
    }
    for (const { url } of ways) await load(url, ROUND_MS);
    const rounds = await interleave(ways, ROUNDS, ({ application, url }) => application.measure(url));
    const byHand = rounds.get(ways[0]!) ?? [];
    const { usage } = applications[0]!;
    const heapBefore = (await usage()).heapUsed;
    const soak = await load(ways[1]!.url, SOAK_MS);
    const heapAfter = (await usage()).heapUsed;

    return {
      title: "The status route",
      notes:
        `${AT_ONCE} requests at once over real HTTP, tokens in Postgres; medians of ${ROUNDS} interleaved rounds. ` +
        `Then ${SOAK_MS / 1000} s of it: ${soak.requests} requests, ${soak.errors} errors, ` +
        `heap ${round(heapBefore / 1e6, 1)} MB before and ${round(heapAfter / 1e6, 1)} MB after.`,
      rows: ways.map((way) => {
        const results = rounds.get(way) ?? [];
        const against = (part: (result: Measured) => number) =>
          round(median(results.map((result, n) => part(result) / part(byHand[n] ?? result))), 2);
        return {
          way: way.way,
          "requests a second": round(median(results.map(({ perSecond }) => perSecond))),
          "cpu ms a request": round(median(results.map(({ cpuMsPerRequest }) => cpuMsPerRequest)), 3),
          "cpu x by hand": against(({ cpuMsPerRequest }) => cpuMsPerRequest),
          "throughput x by hand": against(({ perSecond }) => perSecond),
          "p99 ms": round(median(results.map(({ latency }) => latency.p99))),
        };
      }),
    };
  } finally {
    agent.destroy();
    for (const { stop: end } of applications) await end();
    await pool.end();
    await postgres.stop();
  }
}
