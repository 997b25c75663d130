import type { CallCost } from "./call-worker.js";
import { ask, interleave, median, round, start, stop, type Finding } from "./report.js";

const WAYS = ["fetch", "ky", "@calcom/sdk", "calbridge"];
const ROUNDS = 30;
const CALLS = 400;
const WARM_UP = 3000;

/** What one authenticated call costs: `calendars.list()` of a user with three calendars, the token cached. */
export async function measureCall(): Promise<Finding> {
  const server = start("fixed-cal-com.ts");
  const { origin, accessToken, calendars } = await ask<Record<string, string>>(server);
  const workers = WAYS.map((way) => ({
    way,
    child: start("call-worker.ts", [way, String(origin), String(accessToken)]),
  }));
  for (const { child } of workers) {
    await ask(child);
    await ask(child, WARM_UP);
  }
  const rounds = await interleave(workers, ROUNDS, ({ child }) => ask<CallCost>(child, CALLS));
  await stop(server, ...workers.map(({ child }) => child));

  const costs = WAYS.map((way) => rounds.get(workers.find((worker) => worker.way === way)!) ?? []);
  const ratio = (way: CallCost[], figure: keyof CallCost) =>
    round(median(way.map((cost, n) => cost[figure] / (costs[0]?.[n]?.[figure] ?? Number.NaN))), 2);
  return {
    title: "One authenticated call",
    notes: `GET /calendars with ${String(calendars)} calendars, a loopback server in another process; medians of ${ROUNDS} interleaved rounds of ${CALLS} calls, each way in a process of its own. @calcom/sdk has no calendars: getSchedules() with the same answer.`,
    rows: WAYS.map((way, n) => ({
      way,
      "cpu us": round(median((costs[n] ?? []).map(({ cpu }) => cpu))),
      "wall us": round(median((costs[n] ?? []).map(({ wall }) => wall))),
      "cpu x fetch": ratio(costs[n] ?? [], "cpu"),
      "wall x fetch": ratio(costs[n] ?? [], "wall"),
    })),
  };
}
