import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { simulate, type SimulationResult } from "../support/connections-simulation.js";
import { measureOwnAccounts, measureRun } from "./connections-cost.js";
import { picture } from "./connections-picture.js";
import { round, type Finding } from "./report.js";

const HOUR = 60 * 60_000;
const DAY = 24 * HOUR;
const DAYS = 30;
// Fewer for a quick look: CONNECTIONS_USERS=500 npm run bench -- connections
const USERS = Number(process.env["CONNECTIONS_USERS"] ?? 10_000);
const WORKERS = 3;
const OUTAGE = { from: 10 * DAY, ms: 6 * HOUR };
const STARTED_AT = Date.parse("2027-01-04T00:00:00.000Z");

/**
 * Simulates an application's users for a month, on the emulator's clock, and measures how soon a break is told, and what
 * the checks cost. Draws the delays for the documentation.
 */
export async function measureConnections(): Promise<Finding> {
  const result = await simulate({
    users: USERS,
    days: DAYS,
    workers: WORKERS,
    killsPerDay: 24,
    breaks: 1,
    outage: OUTAGE,
    seed: 1,
  });
  const broken = delaysOf(result, "broken");
  const recovered = delaysOf(result, "connected");
  const images = join(import.meta.dirname, "../../docs/images");
  await mkdir(images, { recursive: true });
  await writeFile(join(images, "connection-delays.svg"), picture(broken, { users: USERS, days: DAYS }));
  const userDays = USERS * DAYS;
  const managed = { requests: result.requests / userDays, statements: result.statements / userDays };
  const [own, run] = [await measureOwnAccounts(), await measureRun(USERS)];
  const rows = [
    ...Object.entries({ "a break": broken, "a recovery": recovered }).map(([what, delays]) => ({
      what: `hours until ${what} was told`,
      ...percentiles(delays),
    })),
    { what: "events that were to be told", value: settledOf(result).length },
    { what: "of them told", value: settledOf(result).filter(({ toldAt }) => toldAt !== undefined).length },
    { what: "told, and no event (the outage)", value: result.unexpected.length },
    { what: "ids, and calls of the hook", value: `${String(result.ids)}, ${String(result.calls)}` },
    { what: "users listed twice in one run", value: result.twice },
    { what: "workers killed", value: result.kills },
    { what: "requests a user and day, managed users", value: round(managed.requests, 2) },
    { what: "statements a user and day, managed users", value: round(managed.statements, 2) },
    { what: "requests a user and day, OAuth 2", value: round(own.requests, 2) },
    { what: "statements a user and day, OAuth 2", value: round(own.statements, 2) },
    { what: `seconds for one run of ${String(USERS)} users`, value: round(run.seconds, 1) },
    {
      what: "heap MB after a tenth of the run, and at its end",
      value: `${String(run.heapMB[0])}, ${String(run.heapMB[1])}`,
    },
  ];
  return {
    title: `${String(USERS)} users, ${String(DAYS)} days, ${String(WORKERS)} workers`,
    notes:
      "On the emulator's clock, in one process, with stores in memory: a statement is a call of a store. Each user has one Google calendar, which breaks or recovers once a month on average. On day 10 Google is down for six hours. Workers run every five minutes, and are killed at random 24 times a day.",
    rows,
  };
}

/** The events for whose telling there was enough time. */
function settledOf({ events }: SimulationResult) {
  return events.filter(({ at }) => at < STARTED_AT + (DAYS - 2) * DAY);
}

function delaysOf(result: SimulationResult, to: "broken" | "connected"): number[] {
  return settledOf(result)
    .filter((event) => event.to === to)
    .flatMap(({ at, toldAt }) => (toldAt === undefined ? [] : (toldAt - at) / HOUR))
    .sort((a, b) => a - b);
}

function percentiles(sorted: readonly number[]): Record<string, number> {
  const at = (share: number) =>
    round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? Number.NaN, 1);
  return { median: at(0.5), "95 %": at(0.95), longest: at(1) };
}
