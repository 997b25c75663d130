import { randomBytes } from "node:crypto";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { createEncryptedJson } from "../../src/handlers/oauth/encrypted-json.js";
import {
  CalClient,
  encryptedTokenStore,
  memoryTokenStore,
  reencryptTokens,
  type EncryptedTokenStoreOptions,
  type TokenStore,
} from "../../src/index.js";
import {
  clientOf,
  createAda,
  createTestClient,
  rejection,
  tokensOf,
  useFakeTimers,
} from "../support/client.js";

const base64 = () => randomBytes(32).toString("base64");

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe("the platform client's secret from a function", () => {
  test("a secret that was rotated is asked for again when Cal.com refuses the old one, whatever the method", async () => {
    const test = createTestClient();
    const { emulator, store } = test;
    const { adaId } = await createAda(test);
    const secrets = ["an-old-secret", emulator.clientSecret];
    const cal = clientOf(emulator, store, {
      managedUsers: { clientId: emulator.clientId, clientSecret: () => Promise.resolve(secrets[0]!) },
    });
    expect(await rejection(cal.managedUsers.update(adaId, { name: "A" }))).toMatchObject({
      code: "unauthorized",
      attempts: 1,
    });
    secrets.shift();
    vi.advanceTimersByTime(1_000);
    expect(await cal.managedUsers.update(adaId, { name: "B" })).toMatchObject({ name: "B" });
  });

  test("a failure of the function has its own error, and nothing is sent", async () => {
    const { emulator, store } = createTestClient();
    const cal = clientOf(emulator, store, {
      managedUsers: {
        clientId: emulator.clientId,
        clientSecret: () => {
          throw new Error("no access");
        },
      },
    });
    const error = await rejection(cal.managedUsers.get(1));
    expect(error).toMatchObject({ code: "secret_unavailable", name: "CalSecretError" });
    expect(error).not.toHaveProperty("attempts");
    expect((error as Error).message).toContain("managedUsers.clientSecret");
    expect(emulator.requests).toEqual([]);
  });

  test("what it returns is checked like a secret that is given", async () => {
    const { emulator, store } = createTestClient();
    const clientSecret = () => "line\nend";
    const cal = clientOf(emulator, store, { managedUsers: { clientId: "c", clientSecret } });
    expect(await rejection(cal.managedUsers.get(1))).toMatchObject({ code: "secret_unavailable" });
    const given = { clientId: "c", clientSecret: "line\nend" };
    expect(() => new CalClient({ managedUsers: given, tokenStore: store })).toThrow("must not contain");
  });
});

describe("the state secret from a function", () => {
  const audience = ["https://app.example", "client-1"];

  test("a state of a server that knows a newer secret decrypts, and one of the older secret, too", async () => {
    const [oldSecret, newSecret] = [base64(), base64()];
    let secrets = [oldSecret];
    const here = createEncryptedJson(() => secrets, audience);
    const before = await here.encrypt({ a: 1 });
    secrets = [newSecret, oldSecret];
    vi.advanceTimersByTime(1_000);
    const elsewhere = createEncryptedJson([newSecret, oldSecret], audience);
    expect(await here.decrypt(await elsewhere.encrypt({ a: 2 }))).toEqual({ a: 2 });
    expect(await here.decrypt(before)).toEqual({ a: 1 });
    expect(await elsewhere.decrypt(await here.encrypt({ a: 3 }))).toEqual({ a: 3 });
  });

  test("texts that were never encrypted here ask for the secret once a second at most", async () => {
    const ask = vi.fn(() => base64());
    const here = createEncryptedJson(ask, audience);
    for (let n = 0; n < 20; n += 1) expect(await here.decrypt("eyJ.garbage")).toBeNull();
    expect(ask).toHaveBeenCalledTimes(1);
  });

  test("a weak one is refused when it is used", async () => {
    const here = createEncryptedJson(() => "too short", audience);
    expect(await rejection(here.encrypt({}))).toMatchObject({ code: "secret_unavailable" });
  });
});

describe("encryption keys from a function", () => {
  test("a row that another server encrypted with a newer key is read, and new rows are encrypted with it", async () => {
    const [k1, k2] = [base64(), base64()];
    let keys: Record<string, string> = { k1 };
    const inner = memoryTokenStore();
    const store = encryptedTokenStore(inner, { keys: async () => Promise.resolve(keys) });
    await store.set(tokensOf("ada"), { ifVersion: null });
    expect((await store.get("ada"))!.calAccessToken).toBe("stored-access-token");

    const elsewhere = encryptedTokenStore(inner, { keys: { k2, k1 } });
    await elsewhere.set(tokensOf("grace"), { ifVersion: null });
    keys = { k2, k1 };
    vi.advanceTimersByTime(1_000);
    expect((await store.get("grace"))!.calAccessToken).toBe("stored-access-token");
    await store.set(tokensOf("joan"), { ifVersion: null });
    const onlyNew = encryptedTokenStore(inner, { keys: { k2 } });
    expect((await onlyNew.get("joan"))!.calRefreshToken).toBe("stored-refresh-token");

    expect(await reencryptTokens(inner, { keys: () => keys })).toMatchObject({ reencrypted: 1, done: true });
    expect((await onlyNew.get("ada"))!.calAccessToken).toBe("stored-access-token");
  });

  test("a key that is unknown is an error of that row", async () => {
    const inner = memoryTokenStore();
    await encryptedTokenStore(inner, { keys: { k2: base64() } }).set(tokensOf("ada"), { ifVersion: null });
    const k1 = base64();
    const store = encryptedTokenStore(inner, { keys: () => ({ k1 }) });
    expect(await rejection(store.get("ada"))).toMatchObject({ code: "store_error" });
  });
});

describe("encryptedTokenStore() without what it needs says so", () => {
  const inner = memoryTokenStore();
  test.each<[string, TokenStore, unknown]>([
    ["no options", inner, undefined],
    ["no keys", inner, {}],
    ["null as keys", inner, { keys: null }],
    ["a key instead of keys", inner, { keys: base64() }],
    ["no store", undefined as unknown as TokenStore, { keys: { k1: base64() } }],
    ["a misspelt option", inner, { keys: { k1: base64() }, allowPlain: false }],
  ])("%s", (_, store, options) => {
    expect(() => encryptedTokenStore(store, options as EncryptedTokenStoreOptions)).toThrow(
      expect.objectContaining({ code: "invalid_input" }),
    );
  });

  test("the message names encryptionKeysFromEnv()", () => {
    expect(() => encryptedTokenStore(inner, undefined as unknown as EncryptedTokenStoreOptions)).toThrow(
      /\{ keys: encryptionKeysFromEnv\(\) \}/,
    );
  });
});
