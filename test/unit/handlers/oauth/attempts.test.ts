import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { createAttempts } from "../../../../src/handlers/oauth/attempts.js";

beforeEach(() => vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const never = () => new Promise<string>(() => undefined);
const soon = (outcome: string) => () =>
  new Promise<string>((resolve) => setTimeout(() => resolve(outcome), 1_000));

test("a return that is loaded again while it is being concluded gets the same outcome, and later none", async () => {
  const attempts = createAttempts<string>();
  const returns = [attempts.endOnce("a", soon("first")), attempts.endOnce("a", soon("second"))];
  await vi.advanceTimersByTimeAsync(1_000);
  expect(await Promise.all(returns)).toEqual(["first", "first"]);
  expect(await attempts.endOnce("a", soon("third"))).toBeNull();
});

test("a return whose request the runtime has stopped can be loaded again", async () => {
  const attempts = createAttempts<string>();
  void attempts.endOnce("a", never);
  vi.clearAllTimers();
  await vi.advanceTimersByTimeAsync(6_000);
  const returns = [attempts.endOnce("a", soon("first")), attempts.endOnce("a", soon("second"))];
  await vi.advanceTimersByTimeAsync(3_000);
  expect(await Promise.all(returns)).toEqual(["first", "first"]);
});
