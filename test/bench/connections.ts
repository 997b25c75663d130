import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  simulate,
  type Event,
  type SimulationOptions,
  type SimulationResult,
} from "../support/connections-simulation.js";
import { problemsOf, settledOf } from "../support/simulation-problems.js";
import { measureCost, measureRun, type Cost, type Run } from "./connections-cost.js";
import { writeFigures } from "./connections-docs.js";
import { picture } from "./connections-picture.js";
import type { Finding } from "./report.js";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const DAYS = 30;
// Fewer for a quick look: CONNECTIONS_USERS=500 npm run bench -- connections
const USERS = Number(process.env["CONNECTIONS_USERS"] ?? 10_000);
const OPTIONS: SimulationOptions = {
  users: USERS,
  days: DAYS,
  workers: 3,
  killsPerDay: 24,
  breaks: 1,
  outage: { from: 10 * DAY, ms: 6 * HOUR },
  seed: 1,
};
const docs = join(import.meta.dirname, "../../docs");

/**
 * Simulates an application's users for a month, on the emulator's clock, and measures how soon a break is told, and what
 * the checks cost. Fails if a break is told too late or never, if an outage is told, or if a user is checked twice.
 * Writes the picture and the figures of the documentation.
 */
export async function measureConnections(): Promise<Finding> {
  const result = await simulate(OPTIONS);
  const problems = problemsOf(result, OPTIONS);
  const quiet = { managed: await measureCost("managed"), oauth: await measureCost("oauth") };
  const run = await measureRun(USERS);
  // What is allocated for the users is there before; a run adds nothing that stays.
  if (run.heapMB[1] > run.heapMB[0] * 1.1)
    problems.push(`the heap has grown during a run: ${String(run.heapMB)} MB`);
  if (problems.length > 0) throw new Error(problems.join("\n"));
  const rows = rowsOf(result, { quiet, run });
  await writeFile(join(docs, "images/connection-delays.svg"), picture(delaysOf(result, "broken"), OPTIONS));
  await writeFigures(join(docs, "connections.md"), rows);
  return {
    title: `${String(USERS)} users, ${String(DAYS)} days, ${String(OPTIONS.workers)} workers`,
    notes:
      "On the emulator's clock, in one process, with stores in memory: a statement is a call of a store. Each user has one Google calendar, which breaks or recovers once a month on average. On day 10 Google is down for six hours. Workers run every five minutes, and are killed at random 24 times a day.",
    rows: rows.map(([what, value]) => ({ what, value })),
  };
}

function rowsOf(
  result: SimulationResult,
  { quiet, run }: { quiet: { managed: Cost; oauth: Cost }; run: Run },
): [what: string, value: string][] {
  const count = (value: number) => value.toLocaleString("en");
  const settled = settledOf(result, OPTIONS);
  const told = settled.filter(({ toldAt }) => toldAt !== undefined).length;
  const userDays = USERS * DAYS;
  const quietly = (name: keyof Cost) => `${quiet.managed[name].toFixed(1)}; ${quiet.oauth[name].toFixed(1)}`;
  const simulated = [result.requests, result.statements].map((all) => (all / userDays).toFixed(1));
  return [
    ["users; days; workers", [USERS, DAYS, OPTIONS.workers].map(count).join("; ")],
    ["breaks and recoveries; told", `${count(settled.length)}; ${count(told)}`],
    ["hours until a break was told: median, 95 %, longest", percentiles(delaysOf(result, "broken"))],
    ["hours until a recovery was told: median, 95 %, longest", percentiles(delaysOf(result, "connected"))],
    ["told for the outage", count(result.unexpected.length)],
    ["changes told, by their ids; calls of the hook", `${count(result.ids)}; ${count(result.calls)}`],
    ["workers killed", count(result.kills)],
    ["checks; users checked twice within a claim", `${count(result.checks)}; ${count(result.twice)}`],
    ["all is well: requests to Cal.com a user and day, managed users; OAuth 2", quietly("requests")],
    ["all is well: statements to the database a user and day, managed users; OAuth 2", quietly("statements")],
    ["in this month: requests; statements a user and day, managed users", simulated.join("; ")],
    [`seconds for one run in which all ${count(USERS)} are due`, count(Math.round(run.seconds))],
    ["heap at the start of that run; at its end", run.heapMB.map((size) => `${String(size)} MB`).join("; ")],
  ];
}

function delaysOf(result: SimulationResult, to: Event["to"]): number[] {
  return settledOf(result, OPTIONS)
    .filter((event) => event.to === to)
    .flatMap(({ at, toldAt }) => (toldAt === undefined ? [] : (toldAt - at) / HOUR))
    .sort((a, b) => a - b);
}

function percentiles(sorted: readonly number[]): string {
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
  return [0.5, 0.95, 1].map((share) => at(share)?.toFixed(1) ?? "none").join(", ");
}
