import { expect, test } from "vitest";
import { measureStep, measuredSteps, type MeasuredStep } from "../../support/measured-steps.js";

// What a step costs its user, in calls to Cal.com of which each waits for the one before. Calls that begin within the
// latency of one another count once: long enough that a busy machine does not separate them.
const LATENCY_MS = 150;

const expected: Record<MeasuredStep, number> = {
  "connect URL, new user": 2,
  "connect URL, known user": 1,
  "return by Cal.com's callback": 1,
  "return by an own callback": 3,
  status: 1,
  sync: 1,
  "select a calendar": 2,
  "set the destination": 2,
  "disconnect one of two": 2,
  "disconnect both": 2,
};

test.each(measuredSteps)("%s", async (step) => {
  expect((await measureStep(step, LATENCY_MS)).sequential).toBe(expected[step]);
});
