import { expect, test, vi } from "vitest";
import { reportTokenRefresh, type TokenRefreshInfo } from "../../../src/tokens/token-events.js";
import { FakeCal } from "../../support/fake-cal.js";

const record = {
  ...new FakeCal().firstRecord("ada"),
  version: 1,
  createdAt: new Date(),
  updatedAt: new Date(),
};
const info = { userId: "ada", outcome: "refreshed", durationMs: 3 } as const;

test("reports a fingerprint of the token, and never the token", async () => {
  const told: TokenRefreshInfo[] = [];
  await reportTokenRefresh(
    (heard) => told.push(heard),
    () => undefined,
  )(info, record);
  expect(told).toEqual([{ ...info, fingerprint: expect.stringMatching(/^[0-9a-f]{12}$/) }]);
});

test("two tokens have two fingerprints", async () => {
  const told: TokenRefreshInfo[] = [];
  const tell = reportTokenRefresh(
    (heard) => told.push(heard),
    () => undefined,
  );
  await tell(info, record);
  await tell(info, { ...record, calAccessToken: "access-1" });
  expect(told[0]?.fingerprint).not.toBe(told[1]?.fingerprint);
});

test("reports a hook that throws, and goes on", async () => {
  const onThrow = vi.fn();
  const tell = reportTokenRefresh(() => {
    throw new Error("the application's own trouble");
  }, onThrow);
  await expect(tell(info)).resolves.toBeUndefined();
  expect(onThrow).toHaveBeenCalledOnce();
});
