import { expect, test } from "vitest";
import { DAY, HOUR, MINUTE } from "../../support/connections-world.js";
import { simulate } from "../../support/connections-simulation.js";

// A small version of `npm run bench -- connections`: nine days, with an outage and workers that are killed.

test("every break is told within its interval, with one id; an outage is told to nobody", async () => {
  const result = await simulate({
    users: 25,
    days: 9,
    workers: 3,
    killsPerDay: 12,
    breaks: 12,
    outage: { from: 4 * DAY, ms: 6 * HOUR },
    seed: 7,
  });
  expect(result.kills).toBeGreaterThan(20);
  expect(result.unexpected).toEqual([]);
  expect(result.twice).toBe(0);
  expect(result.calls).toBeGreaterThanOrEqual(result.ids);
  // A day and a fifth, the outage and the next look after it, the claim of a killed worker, and the time between two runs.
  const longest = 28.8 * HOUR + 12 * HOUR + 15 * MINUTE;
  const settled = result.events.filter(({ at }) => at < Date.parse("2027-01-04") + 9 * DAY - longest);
  expect(settled.length).toBeGreaterThan(20);
  for (const { userId, to, at, toldAt } of settled) {
    expect(toldAt, `${userId} ${to}`).toBeDefined();
    expect(toldAt! - at).toBeLessThanOrEqual(longest);
  }
}, 120_000);
