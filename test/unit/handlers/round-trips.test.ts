import { expect, test } from "vitest";
import { measureStep, measuredSteps, type MeasuredStep } from "../../support/measured-steps.js";

// What a step costs its user, in calls to Cal.com of which each waits for the one before. Calls that begin within the
// latency of one another count once: long enough that a busy machine does not separate them.
const LATENCY_MS = 150;

const expected: Record<MeasuredStep, number> = {
  "connect URL, new user": 2,
  "connect URL, known user": 1,
  "return by Cal.com's callback": 1,
  "return by the application's callback": 3,
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

// Without them, the state in the URL has to hold what is connected, so that has to be known before.
test("a store without attempts costs one more before the consent page, and none after it", async () => {
  const trips = async (step: MeasuredStep): Promise<number> =>
    (await measureStep(step, LATENCY_MS, "store without attempts")).sequential;
  expect(await trips("connect URL, new user")).toBe(3);
  expect(await trips("connect URL, known user")).toBe(2);
  expect(await trips("return by Cal.com's callback")).toBe(expected["return by Cal.com's callback"]);
});

// The account is there already: no user has to be created.
test("in the user's own account the first connect costs no more than the next ones, and a disconnect the same", async () => {
  const trips = async (step: MeasuredStep): Promise<number> =>
    (await measureStep(step, LATENCY_MS, "own account")).sequential;
  expect(await trips("connect URL, new user")).toBe(1);
  expect(await trips("connect URL, known user")).toBe(1);
  expect(await trips("disconnect one of two")).toBe(2);
});
