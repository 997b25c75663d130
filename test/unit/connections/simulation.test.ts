import { expect, test } from "vitest";
import { DAY, HOUR } from "../../support/connections-world.js";
import {
  noResult,
  simulate,
  type SimulationOptions,
  type SimulationResult,
} from "../../support/connections-simulation.js";
import { problemsOf, settledOf } from "../../support/simulation-problems.js";

// A small version of `npm run bench -- connections`: nine days, with an outage and workers that are killed.
const options: SimulationOptions = {
  users: 25,
  days: 9,
  workers: 3,
  killsPerDay: 12,
  breaks: 12,
  outage: { from: 4 * DAY, ms: 6 * HOUR },
  seed: 7,
};

test("every break is reported within its interval, with one id; an outage calls no hook", async () => {
  const result = await simulate(options);
  expect(problemsOf(result, options)).toEqual([]);
  expect(result.kills).toBeGreaterThan(20);
  expect(result.calls).toBeGreaterThanOrEqual(result.ids);
  expect(settledOf(result, options).length).toBeGreaterThan(20);
}, 120_000);

test.each<[string, Partial<SimulationResult>]>([
  ["what was told for the outage", { unexpected: ["user-1 unavailable after 100 h"] }],
  ["a user who was checked twice", { twice: 1 }],
  ["a break that was never told", { events: [{ userId: "user-1", to: "broken", at: DAY }] }],
  ["a break told late", { events: [{ userId: "user-1", to: "broken", at: DAY, toldAt: DAY + 30 * HOUR }] }],
  [
    "a recovery told late",
    { events: [{ userId: "user-1", to: "connected", at: DAY, toldAt: DAY + 7 * HOUR }] },
  ],
])("the simulation fails for %s", (_, found) => {
  const good = noResult(0);
  expect(problemsOf(good, options)).toEqual([]);
  expect(problemsOf({ ...good, ...found }, options)).toHaveLength(1);
});
