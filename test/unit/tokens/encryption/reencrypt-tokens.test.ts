import { randomBytes } from "node:crypto";
import { decodeProtectedHeader } from "jose";
import { beforeEach, describe, expect, test } from "vitest";
import { CalStoreError, CalValidationError } from "../../../../src/errors.js";
import { memoryTokenStore } from "../../../../src/stores/memory.js";
import { encryptedTokenStore } from "../../../../src/tokens/encryption/encrypted-token-store.js";
import {
  reencryptTokens,
  type ReencryptProgress,
} from "../../../../src/tokens/encryption/reencrypt-tokens.js";
import type { TokenStore, TokenWrite } from "../../../../src/tokens/token-store.js";
import { testKeys, tokens as anyTokens } from "../../../support/token-stores.js";

const { k1, k2 } = testKeys;

/** A user's tokens; the access token names the Cal.com user, as Cal.com's do. */
function tokens(userId: string, change: Partial<TokenWrite> = {}): TokenWrite {
  const write = anyTokens(userId, change);
  const payload = Buffer.from(JSON.stringify({ ownerId: write.calUserId, for: userId })).toString(
    "base64url",
  );
  return { ...write, calAccessToken: `eyJhbGciOiJIUzI1NiJ9.${payload}.c2ln`, ...change };
}

const keys = { k2, k1 };

let inner: TokenStore;
/** Ten users with plain tokens, ten under the older key and five under the first. */
const userIds = Array.from({ length: 25 }, (_, n) => `user-${String(n).padStart(2, "0")}`);

beforeEach(async () => {
  inner = memoryTokenStore();
  const older = encryptedTokenStore(inner, { keys: { k1 } });
  const first = encryptedTokenStore(inner, { keys });
  for (const [n, userId] of userIds.entries()) {
    const store = n < 10 ? inner : n < 20 ? older : first;
    await store.set(tokens(userId), { ifVersion: null });
  }
});

async function keyIds(): Promise<(string | undefined)[]> {
  const records = await Promise.all(userIds.map((userId) => inner.get(userId)));
  return records.map((record) => {
    const token = record!.calRefreshToken!;
    return token.startsWith("eyJ") ? decodeProtectedHeader(token).kid : undefined;
  });
}

test("seals what is plain or under an older key, in batches, and leaves the rest alone", async () => {
  const untouched = await inner.get("user-24");
  const progress: ReencryptProgress[] = [];
  const result = await reencryptTokens(inner, {
    keys,
    batchSize: 10,
    onProgress: (now) => progress.push(now),
  });
  expect(result).toEqual({ checked: 25, reencrypted: 20, busy: 0, failed: 0, after: "user-24", done: true });
  expect(progress.map(({ checked, after }) => [checked, after])).toEqual([
    [10, "user-09"],
    [20, "user-19"],
    [25, "user-24"],
  ]);
  expect(new Set(await keyIds())).toEqual(new Set(["k2"]));
  expect(await inner.get("user-24")).toEqual(untouched);
  // The older key is not needed any more.
  const store = encryptedTokenStore(inner, { keys: { k2 }, allowUnencrypted: false });
  for (const userId of userIds) expect(await store.get(userId)).toMatchObject(tokens(userId));
  expect(await reencryptTokens(inner, { keys })).toMatchObject({ checked: 25, reencrypted: 0, done: true });
});

test("can be stopped, and resumed where it stopped", async () => {
  const stop = new AbortController();
  const first = await reencryptTokens(inner, {
    keys,
    batchSize: 4,
    signal: stop.signal,
    onProgress: ({ checked }) => {
      if (checked === 8) stop.abort();
    },
  });
  expect(first).toMatchObject({ checked: 8, reencrypted: 8, after: "user-07", done: false });
  expect((await keyIds()).filter((kid) => kid === undefined)).toHaveLength(2);
  const second = await reencryptTokens(inner, { keys, after: first.after });
  expect(second).toMatchObject({ checked: 17, reencrypted: 12, done: true });
  expect(new Set(await keyIds())).toEqual(new Set(["k2"]));
});

describe("while the application runs", () => {
  test("a user whose tokens are being refreshed is left to the refresh, and counted", async () => {
    await inner.acquireLease!("user-03", { owner: "a process", ttlMs: 60_000 });
    expect(await reencryptTokens(inner, { keys })).toMatchObject({ reencrypted: 19, busy: 1, done: true });
    await inner.releaseLease!("user-03", { owner: "a process" });
    expect(await reencryptTokens(inner, { keys })).toMatchObject({ reencrypted: 1, busy: 0 });
  });

  test("no lease is left behind", async () => {
    await reencryptTokens(inner, { keys });
    for (const userId of userIds) {
      expect(await inner.acquireLease!(userId, { owner: "a process", ttlMs: 1000 })).toBe(true);
    }
  });

  test("newer tokens, written at any moment, are never replaced by older ones", async () => {
    const store = encryptedTokenStore(inner, { keys });
    const newer = (userId: string) => tokens(userId, { calAccessToken: "newer", calRefreshToken: "newer" });
    const refresh = async (userId: string) => {
      while (!(await store.acquireLease!(userId, { owner: userId, ttlMs: 60_000 })))
        await new Promise(setImmediate);
      const { version } = (await store.get(userId))!;
      await new Promise(setImmediate);
      expect(await store.set(newer(userId), { ifVersion: version })).not.toBe(null);
      await store.releaseLease!(userId, { owner: userId });
    };
    await Promise.all([reencryptTokens(inner, { keys, batchSize: 5 }), ...userIds.map(refresh)]);
    for (const userId of userIds) expect(await store.get(userId)).toMatchObject(newer(userId));
  });

  test("a user who is deleted meanwhile stays deleted", async () => {
    const get = inner.get.bind(inner);
    inner.get = async (userId) => {
      const record = await get(userId);
      if (userId === "user-05") await inner.delete(userId);
      return record;
    };
    expect(await reencryptTokens(inner, { keys })).toMatchObject({ failed: 0, done: true });
    expect(await get("user-05")).toBe(null);
  });
});

test("tokens that can't be decrypted are counted and reported, and don't stop the others", async () => {
  const failed: [string, string][] = [];
  const onFailure = (userId: string, error: Error) => {
    expect(error).toBeInstanceOf(CalStoreError);
    failed.push([userId, error.message]);
  };
  const result = await reencryptTokens(inner, { keys: { k3: randomBytes(32), k2 }, onFailure });
  expect(result).toMatchObject({ checked: 25, reencrypted: 15, failed: 10, done: true });
  expect(failed.map(([userId]) => userId)).toEqual(userIds.slice(10, 20));
  for (const [, message] of failed) expect(message).toContain(`"k1"`);
});

test("a store that fails ends it, with an error; it continues from the last reported user", async () => {
  const get = inner.get.bind(inner);
  inner.get = (userId) => (userId === "user-12" ? Promise.reject(new CalStoreError("away")) : get(userId));
  let after: string | undefined;
  const running = reencryptTokens(inner, {
    keys,
    batchSize: 5,
    onProgress: (progress) => void (after = progress.after),
  });
  await expect(running).rejects.toThrow("away");
  inner.get = get;
  expect(after).toBe("user-09");
  expect(await reencryptTokens(inner, { keys, after })).toMatchObject({ done: true, failed: 0 });
  expect(new Set(await keyIds())).toEqual(new Set(["k2"]));
});

test("what can't work is refused at once", async () => {
  const encrypted = encryptedTokenStore(inner, { keys });
  await expect(reencryptTokens(encrypted, { keys })).rejects.toThrow(CalValidationError);
  await expect(reencryptTokens(inner, { keys, batchSize: 0 })).rejects.toThrow(CalValidationError);
  await expect(reencryptTokens(inner, { keys: {} })).rejects.toThrow(CalValidationError);
  delete inner.list;
  await expect(reencryptTokens(inner, { keys })).rejects.toThrow("list()");
});
