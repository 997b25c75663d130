import { getEventListeners } from "node:events";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalTimeoutError } from "../../../src/index.js";
import { TIME_IS_UP, within, withTimeLimit } from "../../../src/lib/deadline.js";
import { rejection } from "../../support/client.js";
import { deferred } from "../../support/deferred.js";

const reason = new Error("the user left");
let controller: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  controller = new AbortController();
});
afterEach(() => {
  expect(vi.getTimerCount(), "timers that still run").toBe(0);
  if (!controller.signal.aborted) expect(getEventListeners(controller.signal, "abort")).toEqual([]);
  vi.useRealTimers();
});

const never = (): Promise<never> => new Promise(() => undefined);

describe("within", () => {
  const limit = () => ({ signal: controller.signal, time: { ms: 1_000, message: "It took too long." } });

  test("within() settles as the promise does", async () => {
    expect(await within(Promise.resolve("token"), limit())).toBe("token");
    expect(await rejection(within(Promise.reject(reason), limit()))).toBe(reason);
  });

  test("within() rejects with CalTimeoutError when the time limit ends", async () => {
    const error = rejection(within(never(), limit()));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await error).toBeInstanceOf(CalTimeoutError);
    expect(await error).toMatchObject({ code: "timeout", message: "It took too long." });
  });

  test("within() rejects with the signal's reason when it is aborted, before or during the wait", async () => {
    const error = rejection(within(never(), limit()));
    controller.abort(reason);
    expect(await error).toBe(reason);
    expect(await rejection(within(never(), limit()))).toBe(reason);
  });

  test("within() rejects although the promise never settles, and a late failure is not unhandled", async () => {
    const work = deferred<string>();
    const error = rejection(within(work.promise, limit()));
    await vi.advanceTimersByTimeAsync(1_000);
    work.reject(new Error("late"));
    expect(await error).toMatchObject({ code: "timeout" });
  });
});

describe("withTimeLimit", () => {
  test("withTimeLimit() settles as the work does, and does not abort its signal", async () => {
    let signal: AbortSignal | undefined;
    const work = (given: AbortSignal) => {
      signal = given;
      return Promise.resolve("response");
    };
    expect(await withTimeLimit(work, 1_000, controller.signal)).toBe("response");
    expect(signal?.aborted).toBe(false);
    expect(await rejection(withTimeLimit(() => Promise.reject(reason), 1_000, controller.signal))).toBe(
      reason,
    );
  });

  test("withTimeLimit() rejects and aborts the work's signal when the limit ends, even if the work ignores it", async () => {
    let signal: AbortSignal | undefined;
    const error = rejection(withTimeLimit((given) => ((signal = given), never()), 1_000, controller.signal));
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await error).toBe(TIME_IS_UP);
    expect(signal?.aborted).toBe(true);
  });

  test("withTimeLimit() rejects with the reason of the outer signal and aborts the work's signal", async () => {
    let signal: AbortSignal | undefined;
    const error = rejection(withTimeLimit((given) => ((signal = given), never()), 1_000, controller.signal));
    controller.abort(reason);
    expect(await error).toBe(reason);
    expect(signal?.aborted).toBe(true);
  });

  test("withTimeLimit() does not start the work if the outer signal is already aborted", async () => {
    controller.abort(reason);
    const work = vi.fn(never);
    expect(await rejection(withTimeLimit(work, 1_000, controller.signal))).toBe(reason);
    expect(work).not.toHaveBeenCalled();
  });
});
