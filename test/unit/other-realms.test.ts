import { runInNewContext } from "node:vm";
import { describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore, type TokenStore } from "../../src/index.js";
import { redactError } from "../../src/lib/redact.js";
import { createCalEmulator, tokenStoreContract } from "../../src/testing/index.js";

// Jest runs tests in a realm of their own (node:vm). Objects that Node creates are of another realm: `instanceof` is false.
const foreignDate = (date: Date) => runInNewContext(`new Date(${date.getTime()})`) as Date;

/** A store that returns Dates of another realm, as a database driver may. */
function foreignStore(): TokenStore {
  const store = memoryTokenStore();
  const get: TokenStore["get"] = async (userId) => {
    const record = await store.get(userId);
    if (!record) return null;
    const { calAccessTokenExpiresAt: expiresAt, createdAt, updatedAt } = record;
    return {
      ...record,
      calAccessTokenExpiresAt: expiresAt && foreignDate(expiresAt),
      createdAt: foreignDate(createdAt),
      updatedAt: foreignDate(updatedAt),
    };
  };
  const set: TokenStore["set"] = async (...write) =>
    (await store.set(...write)) ? get(write[0].userId) : null;
  return { ...store, get, set };
}

describe("values of another realm", () => {
  test("a store's record may have Dates of another realm", async () => {
    const emulator = createCalEmulator();
    const cal = new CalClient({
      ...emulator.clientOptions,
      tokenStore: foreignStore(),
    });
    const user = await cal.ensureUser("ada", { email: "ada@example.com", name: "Ada" });
    expect((await user.profile()).name).toBe("Ada");
  });

  test("tokenStoreContract accepts Dates of another realm", async () => {
    const cases = tokenStoreContract(foreignStore, { lease: false });
    for (const { name, run } of cases) await expect(run(), name).resolves.toBeUndefined();
  });

  test("redactError keeps the message and code of an Error of another realm", () => {
    const error = runInNewContext(
      `Object.assign(new TypeError("fetch failed"), { cause: Object.assign(new Error("refused"), { code: "ECONNREFUSED" }) })`,
    ) as Error;
    expect(error instanceof Error).toBe(false);
    const redacted = redactError(error);
    expect(redacted).toMatchObject({ name: "TypeError", message: "fetch failed" });
    expect(redacted.cause).toMatchObject({ message: "refused", code: "ECONNREFUSED" });
  });
});
