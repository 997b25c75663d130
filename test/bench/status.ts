/**
 * Load on the status route: 200 requests at once, for 30 s, and what it costs against the same route written
 * by hand with `fetch` and `pg`. `npm run bench:status [seconds]`
 */
import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { Agent, get } from "node:http";
import { join } from "node:path";
import { startPostgres } from "../support/postgres-server.js";

const AT_ONCE = 200;
const USERS = 100;
const ROUND_MS = 3000;
const ROUNDS = 5;
const durationMs = Number(process.argv[2] ?? 30) * 1000;

function start(file: string, ...args: string[]): ChildProcess {
  const execArgv = ["--import", "tsx", "--expose-gc"];
  return fork(join(import.meta.dirname, file), args, { execArgv });
}

async function ask<T>(child: ChildProcess, message?: string): Promise<T> {
  if (message !== undefined) child.send(message);
  const [answer] = (await once(child, "message")) as [T];
  return answer;
}

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
  /** Of the application's process. */
  cpuMsPerRequest: number;
}

/** Keeps so many requests under way for as long as said. */
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

const postgres = await startPostgres();
const calCom = start("cal-com.ts");
const calUrl = await ask<string>(calCom);
const application = start("application.ts", calUrl, postgres.url);
try {
  const origin = await ask<string>(application);
  const ours = `${origin}/api/cal/calendars/status`;
  const byHand = `${origin}/by-hand`;
  for (let i = 0; i < USERS; i += 1) {
    // Makes the managed user.
    const refresh = `${origin}/api/cal/refresh`;
    await fetch(refresh, { headers: { cookie: `session=user${i}` } });
    await ask(calCom, `user${i}+`);
  }
  const usage = () => ask<{ heapUsed: number; cpuMs: number }>(application, "usage");
  const memory = async (): Promise<number> => Math.round((await usage()).heapUsed / 1e5) / 10;
  const measure = async (url: string): Promise<Measured> => {
    const before = await usage();
    const result = await load(url, ROUND_MS);
    const { cpuMs } = await usage();
    return { ...result, cpuMsPerRequest: (cpuMs - before.cpuMs) / result.requests };
  };

  // Taken in turns, so that both see the same machine. The processor's time is the better measure of the two:
  // it does not depend on what else the machine does.
  const rounds: { ours: Measured; byHand: Measured }[] = [];
  await load(ours, ROUND_MS);
  await load(byHand, ROUND_MS);
  for (let round = 0; round < ROUNDS; round += 1) {
    rounds.push({ ours: await measure(ours), byHand: await measure(byHand) });
  }
  const median = (values: number[]): string => values.sort((a, b) => a - b)[ROUNDS >> 1]?.toFixed(2) ?? "";
  console.log({
    requestsPerSecond: rounds.map((round) => [round.ours.perSecond, round.byHand.perSecond]),
    processorMsPerRequest: [
      median(rounds.map((round) => round.ours.cpuMsPerRequest)),
      median(rounds.map((round) => round.byHand.cpuMsPerRequest)),
    ],
    processorRatio: median(rounds.map((round) => round.ours.cpuMsPerRequest / round.byHand.cpuMsPerRequest)),
    throughputRatio: median(rounds.map((round) => round.byHand.perSecond / round.ours.perSecond)),
  });

  const heap = [await memory()];
  for (let part = 0; part < 3; part += 1) {
    console.log(await load(ours, durationMs / 3));
    heap.push(await memory());
  }
  console.log(`heap after garbage collection, before and after each third, in MB: ${heap.join(", ")}`);
} finally {
  agent.destroy();
  for (const child of [application, calCom]) {
    child.kill();
    await once(child, "exit");
  }
  await postgres.stop();
}
