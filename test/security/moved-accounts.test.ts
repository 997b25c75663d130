import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalUserInUseError, memoryTokenStore, type ClaimProgress, type TokenStore } from "../../src/index.js";
import {
  clientOf,
  createTestClient,
  rejection,
  turnUntil,
  useFakeTimers,
  type TestClient,
} from "../support/client.js";
import { editRow } from "../support/edit-row.js";

// Managed users that change their owner (reassignUser), or get one for the first time (claimUsers).

const input = { email: "ada@example.com", name: "Ada", timeZone: "Europe/London" };
const inputOf = (name: string) => ({ ...input, email: `${name}@example.com` });

/** Ada under her old id, with a calendar. */
async function createAda(client: TestClient): Promise<number> {
  await client.cal.ensureUser("old-ada", input);
  const { calUserId } = (await client.store.get("old-ada"))!;
  client.emulator.calendars.connect(calUserId, "google", "alice@gmail.example");
  return calUserId;
}

async function accountsOf({ cal }: TestClient, userId: string): Promise<(string | null)[]> {
  const { connectedCalendars } = await cal.forUser(userId).calendars.list();
  return connectedCalendars.map(({ primary }) => primary?.externalId ?? null);
}

describe("reassignUser: a person who signed up again with another id", () => {
  test("keeps calendars and tokens, and the old id has nothing any more", async () => {
    const client = createTestClient();
    const adaId = await createAda(client);
    await client.cal.reassignUser("old-ada", "new-ada");
    expect(await accountsOf(client, "new-ada")).toEqual(["alice@gmail.example"]);
    expect((await client.store.get("new-ada"))?.calUserId).toBe(adaId);
    expect(client.emulator.count({ path: /refresh$/ }), "tokens that work are moved").toBe(0);
    expect(await rejection(client.cal.forUser("old-ada").calendars.list())).toMatchObject({
      code: "user_not_found",
    });
    await client.cal.ensureUser("new-ada", input);
    expect(await rejection(client.cal.ensureUser("old-ada", input))).toMatchObject({ code: "email_in_use" });
  });

  test("whose row a cascade has deleted: found by the address, and by nothing else", async () => {
    const client = createTestClient();
    const adaId = await createAda(client);
    await client.store.delete("old-ada");
    expect(await rejection(client.cal.ensureUser("new-ada", input))).toMatchObject({ code: "email_in_use" });
    for (const options of [{}, { email: "other@example.com" }]) {
      expect(await rejection(client.cal.reassignUser("old-ada", "new-ada", options))).toMatchObject({
        code: "user_not_found",
      });
    }
    await client.cal.reassignUser("old-ada", "new-ada", { email: "ADA@example.com" });
    await client.cal.ensureUser("new-ada", input);
    expect((await client.store.get("new-ada"))?.calUserId).toBe(adaId);
    expect(await accountsOf(client, "new-ada")).toEqual(["alice@gmail.example"]);
  });

  test("whose address at Cal.com has a tag of the old id", async () => {
    const client = createTestClient();
    await client.cal.ensureUser("other", { ...input, email: "ada@acme.co.jp" });
    await client.cal.ensureUser("old-ada", { ...input, email: "ada@acme.co.uk" });
    const { calUserId } = (await client.store.get("old-ada"))!;
    await client.store.delete("old-ada");
    await client.cal.reassignUser("old-ada", "new-ada", { email: "ada@acme.co.uk" });
    const ada = await client.cal.ensureUser("new-ada", { ...input, email: "ada@acme.co.uk" });
    expect((await ada.profile()).id).toBe(calUserId);
    expect(client.emulator.users.list()).toHaveLength(2);
  });

  test("on both servers: the other one's memory of the old id does not come back", async () => {
    const client = createTestClient();
    await createAda(client);
    const other = clientOf(client.emulator, client.store);
    await other.forUser("old-ada").calendars.list();
    await client.cal.reassignUser("old-ada", "new-ada");
    client.emulator.clock.advance(61 * 60_000);
    expect(await rejection(other.forUser("old-ada").calendars.list())).toMatchObject({
      code: "user_not_found",
    });
    expect(await other.forUser("new-ada").calendars.list()).toBeTruthy();
    expect(await client.store.get("old-ada")).toBeNull();
  });

  const interruptions: Record<string, { method: string; effect: object; lost?: boolean }> = {
    "Cal.com is down when the owner hash is written": { method: "PATCH", effect: { status: 503 } },
    "the response to the owner hash is lost": { method: "PATCH", effect: { reset: true }, lost: true },
    "Cal.com is down when the managed user is read": { method: "GET", effect: { status: 503 } },
  };
  for (const withRow of [true, false]) {
    test.each(Object.entries(interruptions))(
      `${withRow ? "with" : "without"} a row, %s: the same call completes it`,
      async (_, fault) => {
        const client = createTestClient({ retry: { limit: 0 } });
        await createAda(client);
        if (!withRow) await client.store.delete("old-ada");
        client.emulator.inject({ ...fault, path: /\/users/ } as Parameters<typeof client.emulator.inject>[0]);
        const move = () => client.cal.reassignUser("old-ada", "new-ada", { email: input.email });
        expect(await rejection(move())).toMatchObject({ name: expect.stringMatching(/^Cal/) });
        await move();
        await client.cal.ensureUser("new-ada", input);
        expect(await accountsOf(client, "new-ada")).toEqual(["alice@gmail.example"]);
        expect(await client.store.get("old-ada")).toBeNull();
      },
    );
  }

  test("the process dies after the owner hash and before the row: the same call completes it", async () => {
    const inner = memoryTokenStore();
    let isDead = true;
    const store: TokenStore = {
      ...inner,
      reassign: (...move) => (isDead ? Promise.reject(new Error("killed")) : inner.reassign(...move)),
    };
    const client = createTestClient({ tokenStore: store });
    await createAda(client);
    expect(await rejection(client.cal.reassignUser("old-ada", "new-ada"))).toMatchObject({
      code: "store_error",
    });
    isDead = false;
    await client.cal.reassignUser("old-ada", "new-ada");
    expect(await accountsOf(client, "new-ada")).toEqual(["alice@gmail.example"]);
  });

  test("to a user who has a Cal.com user already: refused, and both keep theirs", async () => {
    const client = createTestClient();
    const adaId = await createAda(client);
    await client.cal.ensureUser("grace", inputOf("grace"));
    const grace = await client.store.get("grace");
    expect(await rejection(client.cal.reassignUser("old-ada", "grace"))).toBeInstanceOf(CalUserInUseError);
    await client.store.delete("old-ada");
    const byAddress = client.cal.reassignUser("old-ada", "grace", { email: input.email });
    expect(await rejection(byAddress)).toBeInstanceOf(CalUserInUseError);
    expect(await client.store.get("grace")).toEqual(grace);
    await client.cal.ensureUser("old-ada", input);
    expect((await client.store.get("old-ada"))?.calUserId).toBe(adaId);
  });

  test("two calls at once, to two ids: one of them gets it", async () => {
    const client = createTestClient({}, { latencyMs: 10 });
    await createAda(client);
    const outcomes = await Promise.allSettled(
      ["one", "two"].map((to) => client.cal.reassignUser("old-ada", to)),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const winner = outcomes[0]!.status === "fulfilled" ? "one" : "two";
    expect(await accountsOf(client, winner)).toEqual(["alice@gmail.example"]);
    expect(await client.store.get(winner === "one" ? "two" : "one")).toBeNull();
  });
});

describe("delete() of a record whose managed user has another owner", () => {
  test("refuses, deletes nothing, and keeps the record for reassignUser()", async () => {
    const client = createTestClient();
    const adaId = await createAda(client);
    await client.cal.ensureUser("mallory", inputOf("mallory"));
    await client.store.delete("old-ada");
    await editRow(client.store, "mallory", { calUserId: adaId, calAccessToken: "x", details: null });
    const error = await rejection(client.cal.forUser("mallory").delete());
    expect(error).toBeInstanceOf(CalUserInUseError);
    expect((error as Error).message).toContain("cal.reassignUser(from, to)");
    expect(client.emulator.users.get(adaId)).toBeDefined();
    expect(await client.store.get("mallory")).not.toBeNull();
  });
});

describe("rows of an integration written by hand", () => {
  beforeEach(() => useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  /** Rows without details, and managed users without an owner hash. */
  async function createOldRows(
    client: TestClient,
    count: number,
    metadataOf: (index: number) => Record<string, unknown> = () => ({}),
  ): Promise<string[]> {
    const names = Array.from({ length: count }, (_, index) => `user-${String(index).padStart(3, "0")}`);
    for (const [index, name] of names.entries()) {
      const user = { ...inputOf(name), metadata: metadataOf(index) };
      const { id, accessToken, refreshToken } = await client.emulator.users.create(user);
      const row = {
        userId: name,
        calUserId: id,
        calServer: "",
        details: null,
        calAccessToken: accessToken,
        calAccessTokenExpiresAt: null,
        calRefreshToken: refreshToken,
        calRefreshTokenExpiresAt: null,
      };
      await client.store.set(row, { ifVersion: null });
    }
    return names;
  }

  const unownedOf = ({ emulator }: TestClient) =>
    emulator.users.list().filter(({ metadata }) => metadata?.["calbridgeUser"] === undefined).length;

  test("first use while Cal.com is down: the user is served, and the next users don't wait for a claim", async () => {
    const client = createTestClient();
    const [first, second] = (await createOldRows(client, 2)) as [string, string];
    const outage = client.emulator.inject({ path: /\/users\//, effect: { hang: true }, times: 100 });
    const startedAt = Date.now();
    await turnUntil(client.cal.ensureUser(first, inputOf(first)));
    expect(Date.now() - startedAt, "milliseconds").toBeLessThan(4_000);
    const requests = client.emulator.count();
    await turnUntil(client.cal.ensureUser(second, inputOf(second)));
    expect(client.emulator.count()).toBe(requests);
    expect(unownedOf(client)).toBe(2);

    outage.remove();
    await vi.advanceTimersByTimeAsync(120_000);
    for (const name of [first, second]) await turnUntil(client.cal.ensureUser(name, inputOf(name)));
    expect(unownedOf(client)).toBe(0);
    const claimed = client.emulator.count();
    await turnUntil(client.cal.ensureUser(first, inputOf(first)));
    expect(client.emulator.count(), "once is enough").toBe(claimed);
  });

  test("first use of a row whose managed user has another owner is refused", async () => {
    const client = createTestClient();
    const [first] = (await createOldRows(client, 1)) as [string];
    await turnUntil(client.cal.ensureUser(first, inputOf(first)));
    const { version, createdAt, updatedAt, ...row } = (await client.store.get(first))!;
    await client.store.delete(first);
    await client.store.set({ ...row, userId: "mallory", details: null }, { ifVersion: null });
    const error = await turnUntil(rejection(client.cal.ensureUser("mallory", inputOf("mallory"))));
    expect(error).toBeInstanceOf(CalUserInUseError);
  });

  test("claimUsers: counts are right, and each kind of failure is reported", async () => {
    const client = createTestClient({ retry: { limit: 0 } });
    // The third one belongs to another application user.
    const metadataOf = (index: number) => (index === 2 ? { calbridgeUser: "a".repeat(64) } : {});
    const names = await createOldRows(client, 6, metadataOf);
    const [owned, gone, stolen, failing] = names as [string, string, string, string];
    await turnUntil(client.cal.ensureUser(owned, inputOf(owned)));
    client.emulator.users.delete((await client.store.get(gone))!.calUserId);
    const failingId = String((await client.store.get(failing))!.calUserId);
    client.emulator.inject({ path: new RegExp(`/users/${failingId}$`), effect: { status: 500 } });

    const told: string[] = [];
    const seen: ClaimProgress[] = [];
    const result = await turnUntil(
      client.cal.claimUsers({
        onFailure: (userId, reason) => void told.push(`${userId} ${reason}`),
        onProgress: (progress) => void seen.push(progress),
      }),
      250,
    );
    const counts = { checked: 6, claimed: 2, inUse: 1, gone: 1, failed: 1 };
    expect(result).toEqual({ ...counts, after: names.at(-1), done: true });
    expect(told).toEqual([`${gone} gone`, `${stolen} in_use`, `${failing} failed`]);
    expect(seen.map(({ checked }) => checked)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(await turnUntil(client.cal.claimUsers(), 250)).toMatchObject({
      checked: 6,
      claimed: 1,
      failed: 0,
    });
  });

  test("claimUsers: stopped and continued, each user is looked at once", async () => {
    const client = createTestClient();
    await createOldRows(client, 120);
    const controller = new AbortController();
    const first = await turnUntil(
      client.cal.claimUsers({
        maxPerMinute: 100_000,
        signal: controller.signal,
        onProgress: ({ checked }) => {
          if (checked === 50) controller.abort();
        },
      }),
      100,
    );
    expect(first).toMatchObject({ checked: 50, claimed: 50, done: false, after: "user-049" });
    const second = await turnUntil(client.cal.claimUsers({ maxPerMinute: 100_000, after: first.after }), 100);
    expect(second).toMatchObject({ checked: 70, claimed: 70, done: true });
    expect(unownedOf(client)).toBe(0);
    const requests = client.emulator.count();
    await turnUntil(client.cal.claimUsers(), 100);
    expect(client.emulator.count(), "claimed users cost no request").toBe(requests);
  });

  test("claimUsers: never more than maxPerMinute users", async () => {
    const client = createTestClient();
    await createOldRows(client, 25);
    const times: number[] = [];
    const startedAt = Date.now();
    await turnUntil(
      client.cal.claimUsers({ maxPerMinute: 10, onProgress: () => times.push(Date.now() - startedAt) }),
      500,
    );
    for (const from of times) {
      expect(times.filter((at) => at >= from && at < from + 60_000).length).toBeLessThanOrEqual(10);
    }
    expect(times.at(-1), "not slower either").toBeLessThan(3 * 60_000);
    for (const maxPerMinute of [0, -1, Number.NaN]) {
      expect(await rejection(client.cal.claimUsers({ maxPerMinute }))).toMatchObject({
        code: "invalid_input",
      });
    }
  });
});
