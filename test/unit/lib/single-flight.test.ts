import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { SingleFlight } from "../../../src/lib/single-flight.js";
import { deferred } from "../../support/deferred.js";

beforeEach(() => void vi.useFakeTimers());
afterEach(() => {
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => undefined);

/** Drops all timers, as Workers do when the request ends that started the work. */
async function stopRuntime(): Promise<void> {
  await vi.advanceTimersByTimeAsync(0);
  vi.clearAllTimers();
}

test("calls with the same key join one run and get its result", async () => {
  const flights = new SingleFlight<string>();
  const work = deferred<string>();
  const run = vi.fn(() => work.promise);
  const calls = [flights.join("ada", run), flights.join("ada", run), flights.join("ada", run)];
  work.resolve("token");
  expect(await Promise.all(calls)).toEqual(["token", "token", "token"]);
  expect(run).toHaveBeenCalledTimes(1);
});

test("calls with different keys run separately", async () => {
  const flights = new SingleFlight<string>();
  const calls = ["ada", "grace"].map((key) => flights.join(key, () => Promise.resolve(`token of ${key}`)));
  expect(await Promise.all(calls)).toEqual(["token of ada", "token of grace"]);
});

test("a run that failed is not kept: all its callers reject, and the next call starts a new run", async () => {
  const flights = new SingleFlight<string>();
  const failing = () => Promise.reject(new Error("Cal.com is down"));
  const calls = [flights.join("ada", failing), flights.join("ada", failing)];
  expect(await Promise.allSettled(calls)).toMatchObject([{ status: "rejected" }, { status: "rejected" }]);
  expect(await flights.join("ada", () => Promise.resolve("token"))).toBe("token");
});

test("after forget() a new call starts a new run, and the end of the old run does not remove the new one", async () => {
  const flights = new SingleFlight<string>();
  const [first, second] = [deferred<string>(), deferred<string>()];
  let firstIsCurrent = (): boolean => true;
  const old = flights.join("ada", (isCurrent) => {
    firstIsCurrent = isCurrent;
    return first.promise;
  });
  await vi.advanceTimersByTimeAsync(0);
  expect(firstIsCurrent()).toBe(true);

  flights.forget("ada");
  const current = flights.join("ada", () => second.promise);
  expect(firstIsCurrent()).toBe(false);
  first.resolve("old token");
  expect(await old).toBe("old token");
  const joined = flights.join("ada", () => Promise.resolve("a third run"));
  second.resolve("new token");
  expect(await Promise.all([current, joined])).toEqual(["new token", "new token"]);
});

test("a run that the runtime stopped is replaced by one new run for all callers", async () => {
  const flights = new SingleFlight<string>();
  void flights.join("ada", never);
  await stopRuntime();
  await vi.advanceTimersByTimeAsync(6_000);
  const work = deferred<string>();
  const run = vi.fn(() => work.promise);
  const calls = [flights.join("ada", run), flights.join("ada", run), flights.join("ada", run)];
  await vi.advanceTimersByTimeAsync(2_000);
  work.resolve("token");
  expect(await Promise.all(calls)).toEqual(["token", "token", "token"]);
  expect(run).toHaveBeenCalledTimes(1);
});

test("a run that takes minutes is not replaced while its timers fire", async () => {
  const flights = new SingleFlight<string>();
  const work = deferred<string>();
  const first = flights.join("ada", () => work.promise);
  await vi.advanceTimersByTimeAsync(5 * 60_000);
  const second = flights.join("ada", () => Promise.resolve("a second run"));
  work.resolve("token");
  expect(await Promise.all([first, second])).toEqual(["token", "token"]);
});

test("a run is not replaced when a freeze of the process makes all timers late", async () => {
  const flights = new SingleFlight<string>();
  const work = deferred<string>();
  const first = flights.join("ada", () => work.promise);
  await vi.advanceTimersByTimeAsync(100);
  const clock = vi.spyOn(performance, "now").mockReturnValue(performance.now() + 60_000);
  const second = flights.join("ada", () => Promise.resolve("a second run"));
  await vi.advanceTimersByTimeAsync(0);
  clock.mockRestore();
  await vi.advanceTimersByTimeAsync(2_000);
  work.resolve("token");
  expect(await Promise.all([first, second])).toEqual(["token", "token"]);
});

test("settled() waits for the runs in flight and does not reject when they fail", async () => {
  const flights = new SingleFlight<string>();
  const work = deferred<string>();
  const failed = flights.join("ada", () => work.promise);
  failed.catch(() => undefined);
  let isSettled = false;
  const settled = flights.settled().then(() => (isSettled = true));
  await vi.advanceTimersByTimeAsync(1_000);
  expect(isSettled).toBe(false);
  work.reject(new Error("Cal.com is down"));
  await settled;
  expect(isSettled).toBe(true);
});

test("onStart receives each run once, and no timer is left when the runs end", async () => {
  const started: Promise<unknown>[] = [];
  const flights = new SingleFlight<string>((promise) => void started.push(promise));
  const run = () => Promise.resolve("token");
  await Promise.all([flights.join("ada", run), flights.join("ada", run), flights.join("grace", run)]);
  expect(started).toHaveLength(2);
  expect(vi.getTimerCount()).toBe(0);
});
