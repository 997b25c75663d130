import { afterEach, expect, test, vi } from "vitest";
import { growingPauses, pause } from "../../../src/lib/backoff.js";

afterEach(() => {
  vi.useRealTimers();
});

/** The first delays with this value of `Math.random`. */
function delays(random: number, count: number): number[] {
  vi.spyOn(Math, "random").mockReturnValue(random);
  const generator = growingPauses();
  return Array.from({ length: count }, () => generator.next().value);
}

test("the delays grow from 25 ms to 500 ms and then stay there", () => {
  expect(delays(1, 3)).toEqual([25, 40, 64]);
  expect(delays(1, 20).slice(-2)).toEqual([500, 500]);
});

test("each delay is random, between half of its value and its value", () => {
  const shortest = delays(0, 20);
  const longest = delays(1, 20);
  expect(shortest).toEqual(longest.map((ms) => ms / 2));
});

test("pause() resolves after the time", async () => {
  vi.useFakeTimers();
  let isOver = false;
  void pause(300).then(() => (isOver = true));
  await vi.advanceTimersByTimeAsync(299);
  expect(isOver).toBe(false);
  await vi.advanceTimersByTimeAsync(1);
  expect(isOver).toBe(true);
});
