import { describe, expect, onTestFinished, test, vi } from "vitest";
import { CalApiError, type ManagedUser } from "../../../src/index.js";
import {
  createTestClient,
  rejection,
  turnUntil,
  useFakeTimers,
  type TestClient,
} from "../../support/client.js";

const users = /^\/oauth-clients\/test-client\/users$/;

async function all(items: AsyncIterable<ManagedUser>): Promise<ManagedUser[]> {
  const found: ManagedUser[] = [];
  for await (const item of items) found.push(item);
  return found;
}

async function fill({ emulator }: TestClient, count: number): Promise<string[]> {
  const emails = Array.from({ length: count }, (_, i) => `user${String(i)}@example.com`);
  for (const email of emails) await emulator.users.create({ email, name: email });
  return emails;
}

describe("one managed user", () => {
  test("is created with everything that was given, and its tokens work", async () => {
    const { cal, emulator } = createTestClient();
    const input = {
      email: "ada@example.com",
      name: "Ada",
      timeZone: "Europe/London",
      timeFormat: 24,
      weekStart: "Monday",
      locale: "en",
      avatarUrl: "https://example.com/a.png",
      bio: "hi",
      metadata: { tenant: "t1", n: 5, isNew: true },
    } as const;
    const { user, tokens } = await cal.managedUsers.create(input);
    expect(user).toMatchObject({ ...input, email: "ada+test-client@example.com" });
    expect(tokens.accessTokenExpiresAt!.getTime()).toBeGreaterThan(emulator.clock.now() + 58 * 60_000);
    expect(tokens.refreshTokenExpiresAt!.getTime()).toBeGreaterThan(emulator.clock.now() + 363 * 86_400_000);
    expect(emulator.users.tokens(user.id)).toEqual({
      accessTokens: [tokens.accessToken],
      refreshTokens: [tokens.refreshToken],
    });
  });

  test("is found by its id, and is the same as it was when created", async () => {
    const { cal } = createTestClient();
    const { user } = await cal.managedUsers.create({ email: "ada@example.com", name: "Ada" });
    expect(await cal.managedUsers.get(user.id)).toEqual(user);
    expect(user.defaultScheduleId).toBeNull();
    expect(user.metadata).toBeNull();
  });

  test("is changed where a change is given; metadata as a whole", async () => {
    const { cal } = createTestClient();
    const { user } = await cal.managedUsers.create({
      email: "ada@example.com",
      name: "Ada",
      bio: "hi",
      metadata: { a: 1, b: 2 },
    });
    const changed = await cal.managedUsers.update(user.id, { name: "Countess", metadata: { c: 3 } });
    expect(changed).toMatchObject({ name: "Countess", bio: "hi", metadata: { c: 3 } });
    expect(await cal.managedUsers.get(user.id)).toEqual(changed);
  });

  test("is deleted, once", async () => {
    const { cal } = createTestClient();
    const { user } = await cal.managedUsers.create({ email: "ada@example.com", name: "Ada" });
    expect(await cal.managedUsers.delete(user.id)).toEqual(user);
    expect(await rejection(cal.managedUsers.delete(user.id))).toMatchObject({
      code: "not_found",
      status: 404,
    });
    expect(await rejection(cal.managedUsers.get(user.id))).toMatchObject({ code: "not_found", status: 404 });
  });

  test("is not another OAuth client's to see", async () => {
    const { cal, emulator } = createTestClient({}, { clients: [{ id: "other", secret: "s" }] });
    const { id } = await emulator.users.create({ email: "a@b.example", name: "A" }, { clientId: "other" });
    expect(await rejection(cal.managedUsers.get(id))).toMatchObject({ code: "not_found" });
    expect(await rejection(cal.managedUsers.forceRefreshTokens(id))).toMatchObject({ code: "not_found" });
  });

  test("with an address that is taken: conflict, and Cal.com's words", async () => {
    const { cal } = createTestClient();
    const { user } = await cal.managedUsers.create({ email: "ada@example.com", name: "Ada" });
    const error = await rejection(cal.managedUsers.create({ email: "ada@example.com", name: "Ada" }));
    expect(error).toBeInstanceOf(CalApiError);
    expect(error).toMatchObject({ code: "conflict", status: 409, apiCode: "ConflictException" });
    expect((error as CalApiError).apiMessage).toContain(`Existing user ID=${String(user.id)}`);
  });

  test("with the wrong client secret: unauthorized, and where to look", async () => {
    const { cal } = createTestClient({
      managedUsers: { clientId: "test-client", clientSecret: "not-the-secret" },
    });
    const error = await rejection(cal.managedUsers.create({ email: "ada@example.com", name: "Ada" }));
    expect(error).toMatchObject({ code: "unauthorized", status: 401 });
    expect((error as Error).message).toMatch(/client secret/);
  });
});

describe("tokens of a managed user", () => {
  test("a refresh rotates both, and the one used is gone", async () => {
    const { cal } = createTestClient();
    const { tokens } = await cal.managedUsers.create({ email: "ada@example.com", name: "Ada" });
    const next = await cal.managedUsers.refreshTokens(tokens.refreshToken);
    expect(next.accessToken).not.toBe(tokens.accessToken);
    expect(next.refreshToken).not.toBe(tokens.refreshToken);
    expect(await rejection(cal.managedUsers.refreshTokens(tokens.refreshToken))).toMatchObject({
      code: "bad_request",
      status: 400,
    });
  });

  test("a forced refresh ends every older pair", async () => {
    const { cal, emulator } = createTestClient();
    const { user } = await cal.managedUsers.create({ email: "ada@example.com", name: "Ada" });
    const next = await cal.managedUsers.forceRefreshTokens(user.id);
    expect(emulator.users.tokens(user.id)).toEqual({
      accessTokens: [next.accessToken],
      refreshTokens: [next.refreshToken],
    });
  });
});

describe("the list of managed users", () => {
  test("of an OAuth client without any is empty", async () => {
    const { cal, emulator } = createTestClient();
    expect(await all(cal.managedUsers.list())).toEqual([]);
    expect(emulator.count({ path: users })).toBe(1);
  });

  test.each([
    [249, 1],
    [250, 2],
    [251, 2],
    [499, 2],
  ])("of %i users comes whole, in %i pages", async (count, pages) => {
    const client = createTestClient();
    await fill(client, count);
    const found = await all(client.cal.managedUsers.list());
    expect(new Set(found.map(({ id }) => id)).size).toBe(count);
    expect(found).toHaveLength(count);
    expect(client.emulator.count({ method: "GET", path: users })).toBe(pages);
  });

  test("of more than 500 says that it is cut off, after the users it could get", async () => {
    const client = createTestClient();
    await fill(client, 501);
    const found: ManagedUser[] = [];
    const listing = (async () => {
      for await (const user of client.cal.managedUsers.list()) found.push(user);
    })();
    const error = await rejection(listing);
    expect(error).toBeInstanceOf(CalApiError);
    expect(error).toMatchObject({ code: "list_limit" });
    expect((error as Error).message).toContain("emails");
    expect(found).toHaveLength(500);
  });

  test("requests no page before its users are read", async () => {
    const client = createTestClient();
    await fill(client, 300);
    for await (const user of client.cal.managedUsers.list()) if (user.id > 0) break;
    expect(client.emulator.count({ method: "GET", path: users })).toBe(1);
  });

  test("can be read twice, and is asked for anew each time", async () => {
    const client = createTestClient();
    await fill(client, 3);
    const list = client.cal.managedUsers.list();
    expect(await all(list)).toHaveLength(3);
    await client.emulator.users.create({ email: "late@example.com", name: "L" });
    expect(await all(list)).toHaveLength(4);
  });

  test("has each user once, though one moved between two pages", async () => {
    const client = createTestClient();
    await fill(client, 260);
    const found: number[] = [];
    for await (const { id } of client.cal.managedUsers.list()) {
      // The users behind it move up, into the page that was read already; no user is returned twice.
      if (found.length === 0) client.emulator.users.delete(id);
      found.push(id);
    }
    expect(new Set(found).size).toBe(found.length);
  });

  test("by address: hundreds of them, in several requests with short URLs", async () => {
    const urls: string[] = [];
    const client = createTestClient();
    const { emulator } = client;
    const emails = await fill(client, 320);
    const { cal } = createTestClient({
      baseUrl: emulator.url,
      fetch: (input, init) => {
        urls.push(new Request(input).url);
        return emulator.fetch(input, init);
      },
    });
    const found = await all(cal.managedUsers.list({ emails: [...emails, "nobody@example.com"] }));
    expect(found).toHaveLength(320);
    expect(urls.length).toBeGreaterThan(1);
    for (const url of urls) expect(url.length).toBeLessThan(8_000);
  });

  test("by the longest addresses there are: the URLs stay short", async () => {
    const client = createTestClient();
    const urls: string[] = [];
    const { cal } = createTestClient({
      baseUrl: client.emulator.url,
      fetch: (input, init) => {
        urls.push(new Request(input).url);
        return client.emulator.fetch(input, init);
      },
    });
    const emails = Array.from(
      { length: 60 },
      (_, i) => `${"+".repeat(60)}${String(i)}@${"x".repeat(180)}.example`,
    );
    await all(cal.managedUsers.list({ emails }));
    for (const url of urls) expect(url.length).toBeLessThan(8_000);
  });

  test("by an address with a plus, and by one that no user has", async () => {
    const { cal, emulator } = createTestClient();
    const { id } = await emulator.users.create({ email: "ada+work@example.com", name: "A" });
    await emulator.users.create({ email: "ada@example.com", name: "A" });
    expect(
      (await all(cal.managedUsers.list({ emails: ["ada+work@example.com"] }))).map((user) => user.id),
    ).toEqual([id]);
    expect(await all(cal.managedUsers.list({ emails: ["nobody@example.com"] }))).toEqual([]);
  });

  test("by no address at all is empty, and sends no request", async () => {
    const client = createTestClient();
    await fill(client, 2);
    expect(await all(client.cal.managedUsers.list({ emails: [] }))).toEqual([]);
    expect(client.emulator.count()).toBe(0);
  });

  test("by the same address twice has the user once", async () => {
    const client = createTestClient();
    const [email] = await fill(client, 1);
    const emails = Array.from({ length: 120 }, () => email!);
    expect(await all(client.cal.managedUsers.list({ emails }))).toHaveLength(1);
  });

  test("survives a proxy's bad moment", async () => {
    const client = createTestClient();
    await fill(client, 300);
    client.emulator.inject({ method: "GET", path: users, effect: { reset: true }, after: 1 });
    useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    expect(await turnUntil(all(client.cal.managedUsers.list()))).toHaveLength(300);
  });
});
