import { afterEach, expect, test, vi } from "vitest";
import { processEnv } from "../../../src/lib/env.js";

afterEach(() => {
  vi.unstubAllGlobals();
});

test("processEnv() is process.env", () => {
  vi.stubEnv("CAL_CLIENT_ID", "client-1");
  expect(processEnv()["CAL_CLIENT_ID"]).toBe("client-1");
});

test.each([undefined, {}])("processEnv() is empty in a runtime whose process is %j", (process) => {
  vi.stubGlobal("process", process);
  const env = processEnv();
  vi.unstubAllGlobals();
  expect(env).toEqual({});
});
