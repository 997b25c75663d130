import type { CallCost } from "./call-worker.js";
import { ask, builds, interleave, median, round, start, stop, type Build, type Finding } from "./report.js";

const ways: { name: string; way: string; build?: Build }[] = [
  ...["fetch", "ky", "@calcom/sdk"].map((way) => ({ name: way, way })),
  ...builds.map((build) => ({ name: build.name, way: "calbridge", build })),
  { name: "calbridge, with telemetry", way: "telemetry" },
];
const SETS = 6;
const ROUNDS = 5;
const CALLS = 400;
const WARM_UP = 2500;

/** Measures one authenticated call: `calendars.list()` for a user with three calendars and a cached token. */
export async function measureCall(): Promise<Finding> {
  const server = start("fixed-cal-com.ts");
  const { origin, accessToken, calendars } = await ask<Record<string, string>>(server);
  const costs: Record<string, CallCost>[] = [];
  // New processes for each set: compilation and memory layout change the times of a process by some percent.
  for (let set = 0; set < SETS; set += 1) {
    const workers = ways.map(({ name, way, build }) => ({
      way: name,
      child: start("call-worker.ts", [way, String(origin), String(accessToken)], build),
    }));
    for (const { child } of workers) {
      await ask(child);
      await ask(child, WARM_UP);
    }
    const rounds = await interleave(workers, ROUNDS, ({ child }) => ask<CallCost>(child, CALLS));
    await stop(...workers.map(({ child }) => child));
    for (let round = 0; round < ROUNDS; round += 1) {
      costs.push(Object.fromEntries(workers.map((worker) => [worker.way, rounds.get(worker)![round]!])));
    }
  }
  await stop(server);

  const ratio = (way: string, figure: keyof CallCost) =>
    round(median(costs.map((cost) => cost[way]![figure] / cost["fetch"]![figure])), 2);
  return {
    title: "One authenticated call",
    notes: `GET /calendars with ${String(calendars)} calendars, a server on loopback in another process; medians of ${SETS} sets of processes, one for each way, with ${ROUNDS} interleaved rounds of ${CALLS} calls. @calcom/sdk has no calendars: getSchedules() with the same response; it uses axios and node:http. With telemetry: OpenTelemetry's SDK records every span, and exports none.`,
    rows: ways.map(({ name: way }) => ({
      way,
      "cpu us": round(median(costs.map((cost) => cost[way]!.cpu))),
      "wall us": round(median(costs.map((cost) => cost[way]!.wall))),
      "cpu x fetch": ratio(way, "cpu"),
      "wall x fetch": ratio(way, "wall"),
    })),
  };
}
