import { DAY, HOUR, MINUTE } from "./connections-world.js";
import type { Event, SimulationOptions, SimulationResult } from "./connections-simulation.js";

/** A day and a fifth: how long a user waits whose connections work. */
const HEALTHY_MS = 28.8 * HOUR;
/** How long a user waits who has a broken connection, or one that could not be read for some time. */
const BROKEN_MS = 6 * HOUR;
/** The claims of workers that were killed, and the time between two runs. */
const SLACK_MS = 30 * MINUTE;
/** Longer than any event may take. */
const LONGEST_MS = 2 * DAY;

/** The events for whose telling there was enough time. */
export function settledOf({ events, startedAt }: SimulationResult, { days }: SimulationOptions): Event[] {
  return events.filter(({ at }) => at < startedAt + days * DAY - LONGEST_MS);
}

/** How long after an event it has to be told. */
function longestDelay(
  { to, at }: Event,
  { startedAt }: SimulationResult,
  { outage }: SimulationOptions,
): number {
  const usual = (to === "broken" ? HEALTHY_MS : BROKEN_MS) + SLACK_MS;
  const from = startedAt + outage.from;
  const isInOutage = at < from + outage.ms && at + usual > from;
  return isInOutage ? usual + outage.ms + BROKEN_MS : usual;
}

/** What a simulation has found that must not be. */
export function problemsOf(result: SimulationResult, options: SimulationOptions): string[] {
  const problems = result.unexpected.map((what) => `told, and no event: ${what}`);
  if (result.twice > 0) {
    problems.push(`${String(result.twice)} times a user was checked twice in the time of a claim`);
  }
  for (const event of settledOf(result, options)) {
    const { userId, to, at, toldAt } = event;
    const what = `${userId} ${to}, ${((at - result.startedAt) / HOUR).toFixed(1)} h after the start`;
    if (toldAt === undefined) problems.push(`never told: ${what}`);
    else if (toldAt - at > longestDelay(event, result, options)) {
      problems.push(`told after ${((toldAt - at) / HOUR).toFixed(1)} h: ${what}`);
    }
  }
  return problems;
}
