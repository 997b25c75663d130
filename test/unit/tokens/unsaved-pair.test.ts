import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { memoryTokenStore, type TokenStore } from "../../../src/index.js";
import { clientOf, createTestClient, rejection, turnUntil, useFakeTimers } from "../../support/client.js";
import { editRow } from "../../support/edit-row.js";

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

const input = { email: "ada@example.com", name: "Ada" };

/** A server that has refreshed and could not write, and the store as the other servers see it. */
async function createUnsaved() {
  const inner = memoryTokenStore();
  const database = { isDown: false };
  const flaky: TokenStore = {
    ...inner,
    set: (...write) => (database.isDown ? Promise.reject(new Error("down")) : inner.set(...write)),
  };
  const client = createTestClient({ tokenStore: flaky });
  const other = clientOf(client.emulator, inner);
  await turnUntil(other.ensureUser("ada", input));
  client.emulator.clock.advance(61 * 60_000);
  database.isDown = true;
  const error = await turnUntil(rejection(client.cal.forUser("ada").profile()), 100);
  expect(error).toMatchObject({ code: "store_error" });
  database.isDown = false;
  return { ...client, other, inner };
}

test("a pair that could not be written is written later, without another refresh", async () => {
  const { cal, emulator } = await createUnsaved();
  const before = emulator.count({ path: /refresh$/ });
  await turnUntil(cal.forUser("ada").profile());
  expect(emulator.count({ path: /refresh$/ })).toBe(before);
});

test("it is not written into the record of the next managed user of that user", async () => {
  const { cal, other, inner } = await createUnsaved();
  await turnUntil(other.forUser("ada").delete());
  const ada = await turnUntil(other.ensureUser("ada", input));
  const { calUserId } = (await inner.get("ada"))!;
  // Its token is to be refreshed, so that the first server looks for a pair.
  await editRow(inner, "ada", { calAccessTokenExpiresAt: new Date(0) });
  expect((await turnUntil(cal.forUser("ada").profile(), 100)).id).toBe(calUserId);
  expect((await turnUntil(ada.profile(), 100)).id).toBe(calUserId);
});
