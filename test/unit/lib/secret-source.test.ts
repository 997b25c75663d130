import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { SecretSource } from "../../../src/lib/secret-source.js";
import { CalValidationError } from "../../../src/errors.js";
import { rejection, turnUntil, useFakeTimers } from "../../support/client.js";

const checked = (value: string): string => {
  if (value !== "" && typeof value === "string") return value;
  throw new CalValidationError("it must be a text.");
};

/** A source whose function returns these in turn, the last one again and again, and how often it was called. */
function sourceOf(...values: unknown[]) {
  let calls = 0;
  const ask = (): Promise<string> => {
    const value = values[Math.min(calls, values.length - 1)];
    calls += 1;
    return value instanceof Error ? Promise.reject(value) : Promise.resolve(value as string);
  };
  return { source: new SecretSource("secret", ask, checked), calls: () => calls };
}

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("a secret that is given as a function", () => {
  test("is asked for when it is needed, then once a minute", async () => {
    const { source, calls } = sourceOf("one", "two");
    expect(calls()).toBe(0);
    expect(await Promise.all([source.get(), source.get()])).toEqual(["one", "one"]);
    vi.advanceTimersByTime(59_000);
    expect(await source.get()).toBe("one");
    expect(calls()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(await source.get()).toBe("two");
    expect(source.known).toEqual(["two", "one"]);
  });

  test("is asked for again after a refusal, at most once a second", async () => {
    const { source, calls } = sourceOf("one", "one", "two");
    await source.get();
    expect(await source.renew("one")).toBe(false);
    expect(calls()).toBe(1);
    vi.advanceTimersByTime(1_000);
    expect(await source.renew("one")).toBe(false);
    vi.advanceTimersByTime(1_000);
    expect(await Promise.all([source.renew("one"), source.renew("one")])).toEqual([true, true]);
    // A caller whose older value was refused needs no other question.
    expect(await source.renew("one")).toBe(true);
    expect(calls()).toBe(3);
    expect(await source.get()).toBe("two");
  });

  test("stays in use while the function fails", async () => {
    const { source } = sourceOf("one", new Error("down"), "", "two");
    await source.get();
    for (const expected of ["one", "one", "two"]) {
      vi.advanceTimersByTime(60_000);
      expect(await source.get()).toBe(expected);
    }
  });

  test("without an earlier value, its failure is an error without secrets, and the next call calls the function again", async () => {
    const { source } = sourceOf(new Error("no access with password=hunter2"), 7, "one");
    const error = await rejection(source.get());
    expect(error).toMatchObject({ code: "secret_unavailable", message: "The function secret failed." });
    expect(String((error as Error).cause)).not.toContain("hunter2");
    expect(await rejection(source.get())).toMatchObject({
      message: "The function secret returned an invalid value. it must be a text.",
    });
    expect(await source.get()).toBe("one");
  });

  test("a function that never returns is given up, and called again", async () => {
    let calls = 0;
    const source = new SecretSource(
      "secret",
      () => ((calls += 1) === 1 ? new Promise<string>(() => undefined) : "one"),
      checked,
    );
    expect(await rejection(turnUntil(source.get()))).toMatchObject({ code: "secret_unavailable" });
    expect(await source.get()).toBe("one");
  });
});

test("a secret that is given as a value is checked at once, and never renewed", async () => {
  expect(() => new SecretSource("secret", "", checked)).toThrow("it must be a text.");
  const source = new SecretSource("secret", "one", checked);
  vi.advanceTimersByTime(120_000);
  expect(await source.get()).toBe("one");
  expect(await source.renew("one")).toBe(false);
});
