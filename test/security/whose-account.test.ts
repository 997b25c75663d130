import { describe, expect, test } from "vitest";
import { CalStoreError, CalUserInUseError, memoryTokenStore, type TokenStore } from "../../src/index.js";
import type { TestClient } from "../support/client.js";
import { clientOf, createTestClient, rejection } from "../support/client.js";

// What an attacker wants from ensureUser(): the Cal.com user, and with it the calendars, of another application user.

const email = "ada@example.com";
const input = { email, name: "Ada", timeZone: "Europe/London" };
const adopting = { clientId: "test-client", clientSecret: "test-secret", adoptUnowned: true };

/** A managed user with a calendar, as an integration written by hand has created it: without an owner hash. */
async function createUnowned({ emulator }: TestClient, address = email, metadata?: Record<string, unknown>) {
  const { id } = await emulator.users.create({ ...input, email: address, ...(metadata && { metadata }) });
  emulator.calendars.connect(id, "google", "alice@gmail.example");
  return id;
}

/** The row that such an integration wrote for its user. */
async function addOldRow({ store, emulator }: TestClient, userId: string, calUserId: number): Promise<void> {
  const tokens = await emulator.users.issueTokens(calUserId);
  const row = {
    userId,
    calUserId,
    calServer: "",
    details: null,
    calAccessToken: tokens.accessToken,
    calAccessTokenExpiresAt: new Date(tokens.accessTokenExpiresAt),
    calRefreshToken: tokens.refreshToken,
    calRefreshTokenExpiresAt: null,
  };
  await store.set(row, { ifVersion: null });
}

const hashOf = ({ emulator }: TestClient, id: number) => emulator.users.get(id)?.metadata?.["calbridgeUser"];

describe("wants the calendars of a person who had the address before", () => {
  test("whose managed user came from an integration written by hand, and whose row is gone", async () => {
    const client = createTestClient();
    const adaId = await createUnowned(client);
    const error = await rejection(client.cal.ensureUser("newcomer", input));
    expect(error).toMatchObject({ code: "unowned_user", status: 409 });
    expect(await client.store.get("newcomer")).toBeNull();
    expect(hashOf(client, adaId), "it was not changed").toBeUndefined();
  });

  test("whose managed user was created with managedUsers.create()", async () => {
    const client = createTestClient();
    await client.cal.managedUsers.create(input);
    expect(await rejection(client.cal.ensureUser("newcomer", input))).toMatchObject({ code: "unowned_user" });
  });

  test("whose row an integration written by hand made: its first use writes the owner hash", async () => {
    const client = createTestClient();
    const adaId = await createUnowned(client);
    await addOldRow(client, "ada", adaId);
    await client.cal.ensureUser("ada", input);
    expect(hashOf(client, adaId)).toMatch(/^[0-9a-f]{64}$/);
    // Ada leaves, and a cascade deletes her row. Her address goes to another person, while unowned users are adopted.
    await client.store.delete("ada");
    const late = clientOf(client.emulator, client.store, { managedUsers: adopting });
    expect(await rejection(late.ensureUser("newcomer", input))).toMatchObject({ code: "email_in_use" });
    expect(client.emulator.calendars.credentials(adaId)).toHaveLength(1);
  });

  test("whose metadata was replaced by managedUsers.update(): the owner hash stays", async () => {
    const client = createTestClient({ managedUsers: adopting });
    await client.cal.ensureUser("ada", input);
    const { calUserId } = (await client.store.get("ada"))!;
    const hash = hashOf(client, calUserId);
    await client.cal.managedUsers.update(calUserId, { metadata: { plan: "gold" } });
    expect(client.emulator.users.get(calUserId)?.metadata).toEqual({ plan: "gold", calbridgeUser: hash });
    await client.store.delete("ada");
    expect(await rejection(client.cal.ensureUser("newcomer", input))).toMatchObject({ code: "email_in_use" });
  });

  test("by a form whose fields become metadata: a given owner hash does not count", async () => {
    const client = createTestClient({ managedUsers: adopting });
    await client.cal.ensureUser("mallory", { ...input, email: "mallory@example.com" });
    const mallory = (await client.store.get("mallory"))!.calUserId;
    const forged = { plan: "gold", calbridgeUser: hashOf(client, mallory) as string };

    const { user } = await client.cal.managedUsers.create({ ...input, metadata: forged });
    expect(user.metadata).toEqual({ plan: "gold" });
    await client.cal.managedUsers.update(user.id, { metadata: forged });
    expect(hashOf(client, user.id)).toBeUndefined();
    await client.cal.ensureUser("ada", input);
    const hash = hashOf(client, user.id);
    await client.cal.managedUsers.update(user.id, { metadata: forged });
    await client.cal.forUser("ada").update({ metadata: forged });
    expect(hashOf(client, user.id)).toBe(hash);
    expect(hash).not.toBe(forged.calbridgeUser);
  });
});

describe("wants a managed user together with the one who has it", () => {
  test("two application users at once, on two servers: one gets it", async () => {
    const client = createTestClient({ managedUsers: adopting }, { latencyMs: 20 });
    const id = await createUnowned(client);
    const servers = [client.cal, clientOf(client.emulator, client.store, { managedUsers: adopting })];
    const outcomes = await Promise.allSettled(
      servers.map((cal, index) => cal.ensureUser(`user-${String(index)}`, input)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const winner = outcomes[0]!.status === "fulfilled" ? "user-0" : "user-1";
    const loser = winner === "user-0" ? "user-1" : "user-0";
    expect((await client.store.get(winner))?.calUserId).toBe(id);
    expect(await client.store.get(loser)).toBeNull();
    await client.cal.forUser(winner).calendars.list();
    expect(await rejection(client.cal.ensureUser(loser, input))).toMatchObject({ code: "email_in_use" });
  });

  test("while the owner's row has not been claimed: the store refuses, and nothing changes at Cal.com", async () => {
    const client = createTestClient({ managedUsers: adopting });
    const adaId = await createUnowned(client);
    await addOldRow(client, "ada", adaId);
    const error = await rejection(client.cal.ensureUser("mallory", input));
    expect(error).toBeInstanceOf(CalUserInUseError);
    expect(client.emulator.count({ method: "PATCH" })).toBe(0);
    expect(hashOf(client, adaId)).toBeUndefined();
  });

  test("whose metadata has no room for an owner hash: no application user adopts it", async () => {
    const client = createTestClient({ managedUsers: adopting });
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, index) => [`key${String(index)}`, 1]));
    await createUnowned(client, email, metadata);
    for (const userId of ["mallory", "trudy"]) {
      expect(await rejection(client.cal.ensureUser(userId, input))).toMatchObject({ code: "invalid_input" });
      expect(await client.store.get(userId)).toBeNull();
    }
  });
});

describe("wants to be taken for a person with a similar address", () => {
  const similar: Record<string, string> = {
    "the Kelvin sign, which toLowerCase() makes a k": "\u212Aate@example.com",
    "a dotless i, which toUpperCase() makes an I": "k\u0131te@example.com",
    "a dotted capital I": "k\u0130te@example.com",
    "letters of full width": "\uFF4Bate@example.com",
    "another ending": "kate@example.com.evil.example",
    "a tag": "kate+x@example.com",
    "the client's id as a tag": "kate+test-client@example.com",
  };

  test.each(Object.entries(similar))("%s", async (_, address) => {
    const client = createTestClient({ managedUsers: adopting });
    const kateId = await createUnowned(client, "kate@example.com");
    const outcome = await client.cal.ensureUser("mallory", { ...input, email: address }).catch(() => null);
    const record = await client.store.get("mallory");
    expect(record?.calUserId).not.toBe(kateId);
    expect(hashOf(client, kateId)).toBeUndefined();
    if (outcome) expect((await outcome.calendars.list()).connectedCalendars).toEqual([]);
  });

  test.each(Object.entries(similar))(
    "%s, where Cal.com names that person in the conflict",
    async (_, address) => {
      const client = createTestClient({ managedUsers: adopting });
      const kateId = await createUnowned(client, "kate@example.com");
      const message = `User with the provided e-mail already exists. Existing user ID=${String(kateId)}`;
      const body = { status: "error", error: { code: "ConflictException", message } };
      client.emulator.inject({ method: "POST", path: /\/users$/, effect: { status: 409, body } });
      await client.cal.ensureUser("mallory", { ...input, email: address }).catch(() => null);
      expect((await client.store.get("mallory"))?.calUserId).not.toBe(kateId);
      expect(hashOf(client, kateId)).toBeUndefined();
    },
  );

  test("the person with that address is known in any case of its ASCII letters", async () => {
    const client = createTestClient({ managedUsers: adopting });
    const kateId = await createUnowned(client, "kate@example.com");
    await client.cal.ensureUser("kate", { ...input, email: "KATE@Example.com" });
    expect((await client.store.get("kate"))?.calUserId).toBe(kateId);
  });
});

describe("wants to keep others out, by signing up first with an address that gives the same user name", () => {
  const pairs = [
    ["ceo@acme.co.jp", "ceo@acme.co.uk"],
    ["CEO@acme.co.jp", "ceo@acme.co.uk"],
    ["ceo@acme.io.example", "ceo@acme.io.test"],
  ] as const;

  test.each(pairs)("%s before %s: each has a managed user of their own", async (first, second) => {
    const client = createTestClient();
    await client.cal.ensureUser("mallory", { ...input, email: first });
    const ceo = await client.cal.ensureUser("ceo", { ...input, email: second });
    const [mallorys, ceos] = [await client.store.get("mallory"), await client.store.get("ceo")];
    expect(ceos!.calUserId).not.toBe(mallorys!.calUserId);
    expect((await ceo.profile()).id).toBe(ceos!.calUserId);
    // And is found again, by a server that has lost the row.
    await client.store.delete("ceo");
    await client.cal.ensureUser("ceo", { ...input, email: second });
    expect((await client.store.get("ceo"))?.calUserId).toBe(ceos!.calUserId);
  });
});

describe("wants a record of another Cal.com server to be used here", () => {
  test("every method refuses it before any request", async () => {
    const cloud = createTestClient();
    await cloud.cal.ensureUser("ada", input);
    const before = await cloud.store.get("ada");
    const requests = cloud.emulator.count();
    const selfHosted = clientOf(cloud.emulator, cloud.store, { serverId: "self-hosted" });
    const ada = selfHosted.forUser("ada");
    const calls = [
      () => selfHosted.ensureUser("ada", input),
      () => ada.profile(),
      () => ada.accessToken(),
      () => ada.calendars.list(),
      () => ada.calendars.disconnect("google"),
      () => ada.calAccount(),
      () => ada.update({ name: "Mallory" }),
      () => ada.unlink(),
      () => ada.deletePreviousManagedUser(),
      () => ada.delete(),
      () => selfHosted.reassignUser("ada", "grace"),
      () => selfHosted.reassignUser("grace", "ada"),
    ];
    for (const call of calls) {
      const error = await rejection(call());
      expect(error).toBeInstanceOf(CalStoreError);
      expect((error as Error).message).toContain('serverId is "self-hosted"');
    }
    expect(cloud.emulator.count()).toBe(requests);
    expect(await cloud.store.get("ada")).toEqual(before);
  });

  test("one Cal.com id of two servers is two Cal.com users", async () => {
    const cloud = createTestClient();
    await cloud.cal.ensureUser("ada", input);
    const other = createTestClient({ tokenStore: cloud.store, serverId: "self-hosted" });
    await other.cal.ensureUser("grace", { ...input, email: "grace@example.com" });
    const [ada, grace] = [await cloud.store.get("ada"), await cloud.store.get("grace")];
    expect([ada!.calServer, grace!.calServer]).toEqual(["", "self-hosted"]);
    expect(grace!.calUserId).toBe(ada!.calUserId);
  });
});

describe("wants the record that a confused store returns", () => {
  const confused: Record<string, (store: TokenStore) => TokenStore["get"]> = {
    "a connection that crossed with another request": (store) => () => store.get("ada"),
    "a column that ignores letter case": (store) => (userId) => store.get(userId.toLowerCase()),
    "a column that ignores trailing spaces": (store) => (userId) => store.get(userId.trimEnd()),
    "a number that has several spellings": (store) => async (userId) =>
      Number(userId) === 7 ? store.get("7") : store.get(userId),
  };
  const aliases: Record<string, string> = {
    "a connection that crossed with another request": "mallory",
    "a column that ignores letter case": "ADA",
    "a column that ignores trailing spaces": "ada ",
    "a number that has several spellings": "007",
  };

  test.each(Object.entries(confused))("%s", async (name, getOf) => {
    const inner = memoryTokenStore();
    const honest = createTestClient({ tokenStore: inner });
    const owner = name.includes("number") ? "7" : "ada";
    await honest.cal.ensureUser(owner, input);
    const requests = honest.emulator.count();
    const cal = clientOf(honest.emulator, { ...inner, get: getOf(inner) });
    const mallory = cal.forUser(aliases[name]!);
    const calls = [
      () => mallory.calendars.list(),
      () => mallory.accessToken(),
      () => mallory.delete(),
      () => cal.ensureUser(mallory.id, { ...input, email: "mallory@example.com" }),
    ];
    for (const call of calls) expect(await rejection(call())).toMatchObject({ code: "store_error" });
    expect(honest.emulator.count()).toBe(requests);
    expect(await inner.get(owner)).not.toBeNull();
  });
});
