import { randomBytes } from "node:crypto";
import { compactDecrypt, CompactEncrypt, decodeProtectedHeader } from "jose";
import { describe, expect, test, vi } from "vitest";
import { CalClient, type TokenStore } from "../../../../src/index.js";
import { CalStoreError, CalValidationError } from "../../../../src/errors.js";
import { memoryTokenStore } from "../../../../src/stores/memory.js";
import { encryptionKeysFromEnv, type EncryptionKeys } from "../../../../src/tokens/encryption/keys.js";
import { encryptedTokenStore } from "../../../../src/tokens/encryption/encrypted-token-store.js";
import { rejection } from "../../../support/client.js";
import { expectNoSecret } from "../../../support/leaks.js";
import { testKeys, tokens } from "../../../support/token-stores.js";

const { k1, k2 } = testKeys;

/** An encrypted store, what it wraps, and a record in it. */
async function withAda(keys: EncryptionKeys = { k2, k1 }) {
  const inner = memoryTokenStore();
  const store = encryptedTokenStore(inner, { keys });
  await store.set(tokens("ada"), { ifVersion: null });
  return { inner, store, stored: (await inner.get("ada"))! };
}

test("a client whose store isn't wrapped throws an error that says so, and encrypted tokens stay as they are", async () => {
  const { inner, stored } = await withAda();
  const fetch = vi.fn<typeof globalThis.fetch>();
  const cal = new CalClient({
    managedUsers: { clientId: "c", clientSecret: "s" },
    tokenStore: inner,
    fetch,
  });
  expect(await rejection(cal.forUser("ada").profile())).toMatchObject({
    code: "store_error",
    message: expect.stringContaining("Wrap the token store: encryptedTokenStore(") as unknown,
  });
  expect(fetch).not.toHaveBeenCalled();
  expect(await inner.get("ada")).toEqual(stored);
});

describe("what is stored", () => {
  test("is a JWE under the first key, and the rest of the record stays as it is", async () => {
    const { stored } = await withAda();
    const { calAccessToken, calRefreshToken } = tokens("ada");
    expect(stored).toMatchObject({
      ...tokens("ada"),
      calAccessToken: stored.calAccessToken,
      calRefreshToken: stored.calRefreshToken,
    });
    for (const [sealed, token] of [
      [stored.calAccessToken, calAccessToken],
      [stored.calRefreshToken!, calRefreshToken],
    ] as const) {
      expect(decodeProtectedHeader(sealed)).toMatchObject({
        alg: "dir",
        enc: "A256GCM",
        kid: "k2",
        sub: "ada",
      });
      const { plaintext } = await compactDecrypt(sealed, k2);
      expect(new TextDecoder().decode(plaintext)).toBe(token);
    }
  });

  test("shows nothing of a token, and differs each time", async () => {
    const { inner, store, stored } = await withAda();
    expect(JSON.stringify(stored)).not.toMatch(/(access|refresh)-of-ada/);
    const decoded = stored.calAccessToken
      .split(".")
      .map((part) => Buffer.from(part, "base64url").toString("latin1"));
    expect(decoded.join()).not.toContain("access-of-ada");
    await store.set(tokens("ada"), { ifVersion: stored.version });
    expect((await inner.get("ada"))!.calAccessToken).not.toBe(stored.calAccessToken);
  });

  test("a refresh token that isn't there stays null", async () => {
    const { inner, store, stored } = await withAda();
    await store.set(tokens("ada", { calRefreshToken: null }), { ifVersion: stored.version });
    expect((await inner.get("ada"))!.calRefreshToken).toBe(null);
    expect((await store.get("ada"))!.calRefreshToken).toBe(null);
  });
});

describe("a sealed token does not open", () => {
  /** Stores a token somewhere it was not sealed for, and reads it. */
  async function moved(
    change: (ada: { access: string; refresh: string }) => { access: string; refresh: string },
  ) {
    const { inner, store, stored } = await withAda();
    await store.set(tokens("bob"), { ifVersion: null });
    const bob = (await inner.get("bob"))!;
    const { access, refresh } = change({ access: stored.calAccessToken, refresh: stored.calRefreshToken! });
    await inner.set({ ...bob, calAccessToken: access, calRefreshToken: refresh }, { ifVersion: bob.version });
    return rejection(store.get("bob"));
  }

  test.each([
    ["in another user's row", (ada: { access: string; refresh: string }) => ada],
    [
      "in the other column",
      ({ access, refresh }: { access: string; refresh: string }) => ({ access: refresh, refresh: access }),
    ],
    [
      "with its header changed",
      ({ access, refresh }: { access: string; refresh: string }) => {
        const header = JSON.parse(Buffer.from(access.split(".")[0]!, "base64url").toString()) as object;
        const forged = Buffer.from(JSON.stringify({ ...header, sub: "bob" })).toString("base64url");
        return { access: [forged, ...access.split(".").slice(1)].join("."), refresh };
      },
    ],
    [
      "cut short, as by a column that is too narrow",
      ({ access, refresh }: { access: string; refresh: string }) => ({
        access: access.slice(0, -10),
        refresh,
      }),
    ],
    [
      "with parts missing",
      ({ access, refresh }: { access: string; refresh: string }) => ({
        access: access.split(".").slice(0, 3).join("."),
        refresh,
      }),
    ],
  ])("%s", async (_, change) => {
    const error = await moved(change);
    expect(error).toBeInstanceOf(CalStoreError);
    expectNoSecret(error, ["access-of-ada", "refresh-of-ada"]);
  });

  test("in its own column of a row that another user's id was given to", async () => {
    const { inner, store, stored } = await withAda();
    await inner.delete("ada");
    await inner.set({ ...stored, userId: "bob" }, { ifVersion: null });
    const error = await rejection(store.get("bob"));
    expect((error as Error).message).toContain("another user");
  });

  test("in its own row, after the Cal.com user of the row was changed", async () => {
    const { inner, store, stored } = await withAda();
    for (const change of [{ calUserId: stored.calUserId + 1 }, { calServer: "eu" }]) {
      const { version } = (await inner.get("ada"))!;
      await inner.set({ ...stored, ...change, calRefreshToken: null }, { ifVersion: version });
      const error = await rejection(store.get("ada"));
      expect((error as Error).message).toContain("another Cal.com user");
    }
  });

  test("one of another type, made with the same key, is not taken for ours", async () => {
    const { inner, store, stored } = await withAda();
    const foreign = await new CompactEncrypt(new TextEncoder().encode("not a token"))
      .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: "k2", sub: "ada" })
      .encrypt(k2);
    await inner.set({ ...stored, calAccessToken: foreign }, { ifVersion: stored.version });
    expect((await store.get("ada"))!.calAccessToken).toBe(foreign);
  });
});

describe("keys", () => {
  test("all of them read, the first one writes", async () => {
    const { inner, stored } = await withAda({ k1 });
    expect(decodeProtectedHeader(stored.calAccessToken).kid).toBe("k1");
    const rotated = encryptedTokenStore(inner, { keys: { k2, k1 } });
    expect(await rotated.get("ada")).toMatchObject(tokens("ada"));
    await rotated.set(tokens("ada"), { ifVersion: stored.version });
    expect(decodeProtectedHeader((await inner.get("ada"))!.calAccessToken).kid).toBe("k2");
  });

  test("a missing or a wrong one: an error that names the id, and no secret", async () => {
    const { inner } = await withAda({ k1 });
    const wrong = randomBytes(32);
    for (const keys of [{ k2 }, { k1: wrong }]) {
      const error = await rejection(encryptedTokenStore(inner, { keys }).get("ada"));
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain(`"k1"`);
      expectNoSecret(error, ["of-ada", ...[k1, k2, wrong].map((key) => Buffer.from(key).toString("base64"))]);
    }
  });

  test("as bytes, base64, base64url or hex, all the same", async () => {
    const key = Buffer.from([...randomBytes(30), 0xff, 0xfe]);
    const { inner } = await withAda({ k1: key });
    const spellings = [
      key.toString("base64"),
      key.toString("base64url"),
      key.toString("hex"),
      key.toString("hex").toUpperCase(),
      Uint8Array.from(key),
    ];
    for (const k1 of spellings) {
      expect(await encryptedTokenStore(inner, { keys: { k1 } }).get("ada")).toMatchObject(tokens("ada"));
    }
  });

  test("bytes that change afterwards change nothing", async () => {
    const key = Uint8Array.from(k1);
    const { store } = await withAda({ k1: key });
    key.fill(0);
    expect(await store.get("ada")).toMatchObject(tokens("ada"));
  });

  test.each<[string, EncryptionKeys]>([
    ["none", {}],
    ["too short", { k1: "c2hvcnQtc2VjcmV0" }],
    ["too long", { k1: new Uint8Array(33) }],
    ["empty", { k1: "" }],
    ["a passphrase", { k1: "correct horse battery staple!" }],
    ["base64 of an impossible length", { k1: "c2hvc" }],
    ["an id of digits, which JavaScript would sort", { "2": k2, "1": k1 }],
    ["an id that can't stand in a list", { "k:1": k1 }],
    ["an id that is the key", { [Buffer.from(k1).toString("base64")]: "k1" }],
  ])("refused: %s", (_, keys) => {
    let error: unknown;
    try {
      encryptedTokenStore(memoryTokenStore(), { keys });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CalValidationError);
    expectNoSecret(error, ["c2hvc", "correct horse", Buffer.from(k1).toString("base64")]);
    if (Object.keys(keys)[0] === "k1") expect((error as Error).message).toContain(`"k1"`);
  });
});

describe("keys from the environment", () => {
  const base64 = (key: Uint8Array) => Buffer.from(key).toString("base64");

  test("in their order, the one that seals first", () => {
    const env = { CAL_TOKEN_ENCRYPTION_KEYS: ` k2:${base64(k2)} , k1:${base64(k1)}\n` };
    expect(Object.entries(encryptionKeysFromEnv(env))).toEqual([
      ["k2", base64(k2)],
      ["k1", base64(k1)],
    ]);
  });

  test("by default from the process's own", () => {
    vi.stubEnv("CAL_TOKEN_ENCRYPTION_KEYS", `k1:${base64(k1)}`);
    expect(encryptionKeysFromEnv()).toEqual({ k1: base64(k1) });
  });

  test.each([
    ["missing", undefined, "and set it to k1:KEY."],
    ["empty", " ", "openssl rand -base64 32"],
    ["without ids", base64(k1)],
    ["with a trailing comma", `k1:${base64(k1)},`],
    ["the two sides swapped", `${base64(k1)}:k1`],
    ["one id twice", `k1:${base64(k1)},k1:${base64(k2)}`],
    ["too short a key", "k1:c2hvcnQtc2VjcmV0"],
    ["the command instead of its output", "k1:$(openssl rand -base64 32)", "and not the command?"],
  ])("refused: %s", (_, value, help = "") => {
    let error: unknown;
    try {
      encryptionKeysFromEnv({ CAL_TOKEN_ENCRYPTION_KEYS: value });
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(CalValidationError);
    expect((error as Error).message).toContain(help);
    expectNoSecret(error, [base64(k1), base64(k2), "c2hvcnQtc2VjcmV0"]);
  });
});

describe("rows from before encryption", () => {
  test("are read, and sealed at their next write", async () => {
    const inner = memoryTokenStore();
    const plain = await inner.set(tokens("ada"), { ifVersion: null });
    const store = encryptedTokenStore(inner, { keys: { k2 } });
    expect(await store.get("ada")).toEqual(plain);
    await store.set(tokens("ada"), { ifVersion: plain!.version });
    expect(decodeProtectedHeader((await inner.get("ada"))!.calAccessToken).kid).toBe("k2");
  });

  test("a plain JWT, as Cal.com's tokens are, is not taken for a sealed one", async () => {
    const inner = memoryTokenStore();
    const jwt = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString("base64url")}.e30.c2ln`;
    await inner.set(tokens("ada", { calAccessToken: jwt, calRefreshToken: "eyJ.not-json" }), {
      ifVersion: null,
    });
    const record = await encryptedTokenStore(inner, { keys: { k2 } }).get("ada");
    expect(record).toMatchObject({ calAccessToken: jwt, calRefreshToken: "eyJ.not-json" });
  });

  test("are refused with allowUnencrypted: false", async () => {
    const inner = memoryTokenStore();
    await inner.set(tokens("ada"), { ifVersion: null });
    const strict = encryptedTokenStore(inner, { keys: { k2 }, allowUnencrypted: false });
    await expect(strict.get("ada")).rejects.toThrow(CalStoreError);
    await strict.set(tokens("bob"), { ifVersion: null });
    expect(await strict.get("bob")).toMatchObject(tokens("bob"));
  });
});

describe("over any store", () => {
  test("has the leases, the attempts and the list of the store it wraps, or none", () => {
    const inner: TokenStore = memoryTokenStore();
    const all = encryptedTokenStore(inner, { keys: { k2 } });
    expect(
      [all.acquireLease, all.releaseLease, all.list].every((method) => typeof method === "function"),
    ).toBe(true);
    delete inner.acquireLease;
    delete inner.releaseLease;
    delete inner.list;
    delete inner.putAttempt;
    delete inner.getAttempt;
    delete inner.takeAttempt;
    delete inner.reassign;
    delete inner.findUser;
    const optional = [
      "acquireLease",
      "releaseLease",
      "list",
      "putAttempt",
      "getAttempt",
      "takeAttempt",
    ] as const;
    expect(optional.every((name) => typeof all[name] === "function")).toBe(true);
    for (const name of optional) Reflect.deleteProperty(inner, name);
    const few = encryptedTokenStore(inner, { keys: { k2 } });
    expect(Object.keys(few).sort()).toEqual(["delete", "get", "set"]);
  });

  test("is not wrapped twice", () => {
    const store = encryptedTokenStore(memoryTokenStore(), { keys: { k2 } });
    expect(() => encryptedTokenStore(store, { keys: { k2 } })).toThrow(CalValidationError);
  });

  test("every letter comes back, a byte order mark in front included", async () => {
    const { store, stored } = await withAda();
    const odd = tokens("ada", { calAccessToken: "\ufeff\u{1f600}\0\n" });
    await store.set(odd, { ifVersion: stored.version });
    expect(await store.get("ada")).toMatchObject(odd);
  });
});
