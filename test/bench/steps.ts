import { measureStep, measuredSteps, settings, type MeasuredStep } from "../support/measured-steps.js";
import { median, round, type Finding } from "./report.js";

const LATENCY_MS = 100;
const ROUNDS = 5;

/** Calls one after another in the first version, where they were counted. */
const before: Partial<Record<MeasuredStep, number>> = {
  "connect URL, new user": 5,
  "connect URL, known user": 3,
  "disconnect both": 3,
};

/** Measures what the user of a step waits for. */
export async function measureSteps(): Promise<Finding> {
  const rows: Finding["rows"] = [];
  for (const setting of settings) {
    for (const step of measuredSteps) {
      // In the user's own account the connection to end has to be named.
      if (setting === "own account" && step === "disconnect both") continue;
      const costs = [];
      for (let n = 0; n < ROUNDS; n += 1) costs.push(await measureStep(step, LATENCY_MS, setting));
      rows.push({
        setting,
        step,
        before: setting === "managed user" ? (before[step] ?? "") : "",
        "one after another": median(costs.map(({ sequential }) => sequential)),
        "in all": median(costs.map(({ calls }) => calls)),
        ms: round(median(costs.map(({ elapsedMs }) => elapsedMs))),
      });
    }
  }
  return {
    title: "What a step costs its user",
    notes:
      `Each call to Cal.com takes ${LATENCY_MS} ms, all else runs in this process; medians of ${ROUNDS} rounds. ` +
      "One after another: calls of which each waits for the one before.",
    rows,
  };
}
