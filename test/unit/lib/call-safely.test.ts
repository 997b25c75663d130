import { runInNewContext } from "node:vm";
import { expect, test, vi } from "vitest";
import { callSafely } from "../../../src/lib/call-safely.js";

test.each<[string, () => unknown]>([
  ["undefined", () => undefined],
  ["null", () => null],
  ["a text", () => "done"],
  ["a promise that resolves", () => Promise.resolve()],
  ["an object with a field named then", () => ({ then: "later" })],
])("a call that returns %s is no failure", async (_, call) => {
  const onFailure = vi.fn();
  callSafely(call, onFailure);
  await new Promise(setImmediate);
  expect(onFailure).not.toHaveBeenCalled();
});

test.each<[string, () => unknown]>([
  [
    "throws",
    () => {
      throw new Error("no");
    },
  ],
  ["rejects", () => Promise.reject(new Error("no"))],
  [
    "rejects with a promise of another realm",
    () => runInNewContext("Promise.reject(new Error('no'))") as unknown,
  ],
  [
    "rejects with a thenable",
    () => ({ then: (_: unknown, fail: (error: Error) => void) => fail(new Error("no")) }),
  ],
])("a call that %s calls onFailure once and rejects nothing", async (_, call) => {
  const onFailure = vi.fn();
  callSafely(call, onFailure);
  await new Promise(setImmediate);
  expect(onFailure).toHaveBeenCalledTimes(1);
});
