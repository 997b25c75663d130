import { Agent, get } from "node:http";
import { startPostgres } from "../support/postgres-server.js";
import { ask, interleave, median, round, start, stop, type Finding } from "./report.js";

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

/** Compares the status route under load with the same route written by hand with `fetch` and `pg`. */
export async function measureStatus(): Promise<Finding> {
  const postgres = await startPostgres();
  const calCom = start("cal-com.ts");
  const calUrl = await ask<string>(calCom);
  const application = start("application.ts", [calUrl, postgres.url]);
  try {
    const origin = await ask<string>(application);
    const urls = { calbridge: `${origin}/api/cal/calendars/status`, "by hand": `${origin}/by-hand` };
    for (let i = 0; i < USERS; i += 1) {
      // Creates the managed user.
      await fetch(`${origin}/api/cal/refresh`, { headers: { cookie: `session=user${i}` } });
      await ask(calCom, `user${i}+`);
    }
    const usage = () => ask<{ heapUsed: number; cpuMs: number }>(application, "usage");
    const measure = async (url: string): Promise<Measured> => {
      const before = await usage();
      const result = await load(url, ROUND_MS);
      const { cpuMs } = await usage();
      return { ...result, cpuMsPerRequest: (cpuMs - before.cpuMs) / result.requests };
    };

    const ways = ["by hand", "calbridge"] as const;
    for (const way of ways) await load(urls[way], ROUND_MS);
    const rounds = await interleave(ways, ROUNDS, (way) => measure(urls[way]));
    const byHand = rounds.get("by hand") ?? [];
    const heapBefore = (await usage()).heapUsed;
    const soak = await load(urls.calbridge, SOAK_MS);
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
          way,
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
    await stop(application, calCom);
    await postgres.stop();
  }
}
