import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import {
  CalApiError,
  memoryTokenStore,
  type CalClient,
  type CalUser,
  type TokenStore,
} from "../../../src/index.js";
import {
  clientOf,
  createTestClient,
  createTestClient as createClient,
  rejection,
  turnUntil,
  useFakeTimers,
  type TestClient,
} from "../../support/client.js";

const users = "/oauth-clients/test-client/users";
const forceRefresh = /\/force-refresh$/;
const adopting = { clientId: "test-client", clientSecret: "test-secret", adoptUnowned: true };
const input = { email: "ada@example.com", name: "Ada", timeZone: "Europe/London" };

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** The user's token is one that Cal.com takes, and the store knows whose it is. */
async function expectWorking({ emulator, store }: TestClient, user: CalUser): Promise<void> {
  const profile = await turnUntil(user.profile());
  const record = await store.get(user.id);
  expect(record!.calUserId).toBe(profile.id);
  expect(emulator.users.tokens(profile.id).accessTokens).toContain(record!.calAccessToken);
  expect(emulator.users.tokens(profile.id).refreshTokens).toContain(record!.calRefreshToken);
}

/** A store that fails at this write, counted from 1, as a database that is away. */
function failing(store: TokenStore, ...failures: number[]): TokenStore {
  let writes = 0;
  return {
    ...store,
    set: (record, options) => {
      writes += 1;
      return failures.includes(writes)
        ? Promise.reject(new Error("database away"))
        : store.set(record, options);
    },
  };
}

describe("a user that is new", () => {
  test("is created, once, with what was given; and works", async () => {
    const client = createTestClient();
    const ada = await client.cal.ensureUser("ada", { ...input, metadata: { tenant: "t1" } });
    await expectWorking(client, ada);
    const [user] = client.emulator.users.list();
    expect(user).toMatchObject({
      email: "ada+test-client@example.com",
      name: "Ada",
      timeZone: "Europe/London",
    });
    expect(user!.metadata).toMatchObject({ tenant: "t1" });
    expect(client.emulator.count({ method: "POST", path: users })).toBe(1);
    expect(client.emulator.count({ path: forceRefresh })).toBe(0);
  });

  test("does not tell Cal.com the application's own id", async () => {
    const client = createTestClient();
    await client.cal.ensureUser("internal-id-of-ada", input);
    expect(JSON.stringify(client.emulator.users.list())).not.toContain("internal-id-of-ada");
  });

  test("that is asked for a hundred times at once is created once", async () => {
    const client = createTestClient();
    const found = await Promise.all(Array.from({ length: 100 }, () => client.cal.ensureUser("ada", input)));
    expect(client.emulator.count()).toBe(1);
    await expectWorking(client, found[99]!);
  });
});

describe("a user that the store knows", () => {
  test("costs no request, whatever is given", async () => {
    const client = createTestClient();
    await client.cal.ensureUser("ada", input);
    const before = client.emulator.count();
    const again = clientOf(client.emulator, client.store);
    expect((await again.ensureUser("ada", { email: "other@example.com", name: "Other" })).id).toBe("ada");
    expect(client.emulator.count()).toBe(before);
  });
});

describe("a managed user that Cal.com has and the store does not, while unowned ones are adopted", () => {
  const createTestClient = () => createClient({ managedUsers: adopting });

  test("is found by the id in the conflict, and its tokens are issued anew", async () => {
    const client = createTestClient();
    const first = await client.cal.managedUsers.create(input);
    const ada = await turnUntil(client.cal.ensureUser("ada", input));
    await expectWorking(client, ada);
    expect((await client.store.get("ada"))!.calUserId).toBe(first.user.id);
    expect(client.emulator.users.list()).toHaveLength(1);
    expect(client.emulator.count({ path: forceRefresh })).toBe(1);
  });

  test("keeps the metadata it has", async () => {
    const client = createTestClient();
    const { id } = await client.emulator.users.create({ ...input, metadata: { tenant: "t1", n: 1 } });
    await turnUntil(client.cal.ensureUser("ada", input));
    expect(client.emulator.users.get(id)!.metadata).toMatchObject({ tenant: "t1", n: 1 });
  });

  test("is not adopted if its metadata has no room for the owner hash: it would stay everyone's", async () => {
    const client = createTestClient();
    const metadata = Object.fromEntries(Array.from({ length: 50 }, (_, i) => [`key${String(i)}`, i]));
    const { id } = await client.emulator.users.create({ ...input, metadata });
    expect(await turnUntil(rejection(client.cal.ensureUser("ada", input)))).toMatchObject({
      code: "invalid_input",
    });
    expect(await client.store.get("ada")).toBeNull();
    expect(client.emulator.users.get(id)!.metadata).toEqual(metadata);
  });

  test("is found when the address is the same but for its letters' case", async () => {
    const client = createTestClient();
    const { id } = await client.emulator.users.create({ ...input, email: "ada@example.com" });
    const ada = await turnUntil(client.cal.ensureUser("ada", { ...input, email: "Ada@Example.com" }));
    await expectWorking(client, ada);
    expect((await client.store.get("ada"))!.calUserId).toBe(id);
  });

  test("and that belongs to another of the application's users is not handed over", async () => {
    const client = createTestClient();
    await client.cal.ensureUser("ada", input);
    const before = await client.store.get("ada");
    for (const email of [input.email, "ADA@example.com"]) {
      const error = await turnUntil(rejection(client.cal.ensureUser("mallory", { ...input, email })));
      expect(error).toBeInstanceOf(CalApiError);
      expect(error).toMatchObject({ code: "email_in_use", status: 409 });
    }
    expect(await client.store.get("mallory")).toBeNull();
    expect(await client.store.get("ada")).toEqual(before);
    await expectWorking(client, client.cal.forUser("ada"));
  });

  test("nor if Cal.com returns its metadata, which says whose it is, in another shape", async () => {
    const client = createTestClient();
    await client.cal.ensureUser("ada", input);
    const fetchOddly: typeof fetch = async (...request) => {
      const response = await client.emulator.fetch(...request);
      const text = (await response.text()).replace(/"metadata":(\{[^}]*\})/, (_, json: string) => {
        return `"metadata":${JSON.stringify(json)}`;
      });
      return new Response(text, response);
    };
    const odd = clientOf(client.emulator, client.store, { fetch: fetchOddly });
    expect(await turnUntil(rejection(odd.ensureUser("mallory", input)))).toMatchObject({
      code: "invalid_response",
    });
    expect(await client.store.get("mallory")).toBeNull();
    await expectWorking(client, client.cal.forUser("ada"));
  });

  test("nor after the owner's metadata was changed through the package", async () => {
    const client = createTestClient();
    const ada = await client.cal.ensureUser("ada", input);
    await ada.update({ metadata: { tenant: "t2" } });
    const error = await turnUntil(rejection(client.cal.ensureUser("mallory", input)));
    expect(error).toMatchObject({ code: "email_in_use" });
    expect(client.emulator.users.list()[0]!.metadata).toMatchObject({ tenant: "t2" });
  });

  test("another person with the same user name: each gets a managed user of their own", async () => {
    const client = createTestClient();
    const first = await client.emulator.users.create({ ...input, email: "ada@acme.co.uk" });
    const ada = await turnUntil(client.cal.ensureUser("ada", { ...input, email: "ada@acme.co.jp" }));
    await expectWorking(client, ada);
    const record = await client.store.get("ada");
    expect(record!.calUserId).not.toBe(first.id);
    expect(client.emulator.users.get(record!.calUserId)!.email).toMatch(
      /^ada\+[0-9a-f]{8}\+test-client@acme\.co\.jp$/,
    );
    expect(client.emulator.count({ path: forceRefresh })).toBe(0);
    // A second server, whose store lost the row, finds the same one.
    await client.store.delete("ada");
    await turnUntil(client.cal.ensureUser("ada", { ...input, email: "ada@acme.co.jp" }));
    expect((await client.store.get("ada"))!.calUserId).toBe(record!.calUserId);
  });
});

describe("a create that goes wrong half-way", () => {
  test.each([
    ["a 500 after the user was made", { status: 500 }],
    ["a lost answer", { reset: true } as const],
    ["an answer cut short", { truncate: true } as const],
    ["a proxy's page", { html: true } as const],
    ["an empty answer", { empty: true } as const],
    ["no answer in time", { hang: true } as const],
  ])("%s: the user is found, and works", async (_, effect) => {
    const client = createTestClient();
    client.emulator.inject({ method: "POST", path: users, effect, lost: true });
    const ada = await turnUntil(client.cal.ensureUser("ada", input), 250);
    await expectWorking(client, ada);
    expect(client.emulator.users.list()).toHaveLength(1);
    expect(client.emulator.count({ method: "POST", path: users })).toBe(1);
  });

  test("that left nothing behind fails with its own error, and the next try succeeds", async () => {
    const client = createTestClient();
    client.emulator.inject({ method: "POST", path: users, effect: { status: 500 } });
    const error = await turnUntil(rejection(client.cal.ensureUser("ada", input)));
    expect(error).toMatchObject({ code: "server_error", status: 500 });
    await expectWorking(client, await client.cal.ensureUser("ada", input));
  });

  test("that Cal.com refuses is just refused", async () => {
    const client = createTestClient();
    for (const status of [400, 401, 403, 429]) {
      client.emulator.inject({ method: "POST", path: users, effect: { status } });
      expect(await rejection(client.cal.ensureUser("ada", input))).toMatchObject({ status });
    }
    expect(client.emulator.count()).toBe(4);
  });

  test("a store that fails after the create: an error, and the next call recovers", async () => {
    const store = memoryTokenStore();
    const client = createTestClient({ tokenStore: failing(store, 1, 2, 3, 4) });
    const error = await turnUntil(rejection(client.cal.ensureUser("ada", input)));
    expect(error).toMatchObject({ code: "store_error" });
    const healed = { ...client, store, cal: clientOf(client.emulator, store) };
    await expectWorking(healed, await turnUntil(healed.cal.ensureUser("ada", input)));
    expect(client.emulator.users.list()).toHaveLength(1);
  });

  test("a store that fails after a takeover: the next call recovers", async () => {
    const store = memoryTokenStore();
    const client = createTestClient({ tokenStore: failing(store, 1), managedUsers: adopting });
    await client.emulator.users.create(input);
    expect(await turnUntil(rejection(client.cal.ensureUser("ada", input)))).toMatchObject({
      code: "store_error",
    });
    await expectWorking(client, await turnUntil(client.cal.ensureUser("ada", input)));
  });

  test("a failed attempt does not stick", async () => {
    const client = createTestClient();
    client.emulator.inject({ method: "POST", path: users, effect: { status: 400 } });
    await rejection(client.cal.ensureUser("ada", input));
    await expectWorking(client, await client.cal.ensureUser("ada", input));
  });
});

describe("two processes at once", () => {
  const both = (first: CalClient, second: CalClient, latency = input) =>
    turnUntil(Promise.allSettled([first.ensureUser("ada", latency), second.ensureUser("ada", latency)]));

  test.each([0, 5, 200, 1_000])(
    "make one user, and both can use it (Cal.com takes %i ms)",
    async (latencyMs) => {
      const client = createTestClient({}, { latencyMs });
      const second = clientOf(client.emulator, client.store);
      const outcomes = await both(client.cal, second);
      expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
      expect(client.emulator.users.list()).toHaveLength(1);
      await expectWorking(client, client.cal.forUser("ada"));
      await expectWorking(client, second.forUser("ada"));
    },
  );

  test("the second does not end the tokens that the first is about to store", async () => {
    const store = memoryTokenStore();
    const slow: TokenStore = {
      ...store,
      set: async (record, options) => {
        await new Promise((resolve) => setTimeout(resolve, 400));
        return store.set(record, options);
      },
    };
    const client = createTestClient({ tokenStore: slow });
    const outcomes = await both(client.cal, clientOf(client.emulator, slow));
    expect(outcomes.map(({ status }) => status)).toEqual(["fulfilled", "fulfilled"]);
    expect(client.emulator.count({ path: forceRefresh })).toBe(0);
    await expectWorking(client, client.cal.forUser("ada"));
  });

  test("the first dies before it stores anything: the second takes over", async () => {
    const client = createTestClient();
    const dying = clientOf(client.emulator, failing(client.store, 1, 2, 3, 4));
    const first = rejection(dying.ensureUser("ada", input));
    while (client.emulator.count({ method: "POST", path: users }) === 0) await new Promise(setImmediate);
    await turnUntil(client.cal.ensureUser("ada", input));
    expect(await turnUntil(first)).toMatchObject({ code: "store_error" });
    await expectWorking(client, client.cal.forUser("ada"));
  });

  test("with two addresses for one user: one record, and no managed user left over", async () => {
    const client = createTestClient();
    const second = clientOf(client.emulator, client.store);
    const work = Promise.all([
      client.cal.ensureUser("ada", input),
      second.ensureUser("ada", { ...input, email: "ada@other.example" }),
    ]);
    await turnUntil(work);
    expect(client.emulator.users.list()).toHaveLength(1);
    await expectWorking(client, client.cal.forUser("ada"));
    await expectWorking(client, second.forUser("ada"));
  });

  test("two users of the application with one address: one gets it, the other a conflict", async () => {
    const client = createTestClient();
    const second = clientOf(client.emulator, client.store);
    const outcomes = await turnUntil(
      Promise.allSettled([client.cal.ensureUser("ada", input), second.ensureUser("bob", input)]),
    );
    expect(outcomes.map(({ status }) => status).sort()).toEqual(["fulfilled", "rejected"]);
    const owner = outcomes[0].status === "fulfilled" ? "ada" : "bob";
    await expectWorking(client, client.cal.forUser(owner));
    expect(await client.store.get(owner === "ada" ? "bob" : "ada")).toBeNull();
  });
});

describe("a caller that gives up", () => {
  test("ends its own wait; the others get their user", async () => {
    const client = createTestClient({}, { latencyMs: 500 });
    const controller = new AbortController();
    const first = rejection(client.cal.ensureUser("ada", input, { signal: controller.signal }));
    const second = client.cal.ensureUser("ada", input);
    const reason = new Error("gone");
    controller.abort(reason);
    expect(await first).toBe(reason);
    await expectWorking(client, await turnUntil(second));
    expect(client.emulator.count({ method: "POST", path: users })).toBe(1);
  });
});

describe("a deleted user", () => {
  test("is gone at Cal.com and in the store, and can be made anew", async () => {
    const client = createTestClient();
    const ada = await client.cal.ensureUser("ada", input);
    expect(await ada.delete()).toBe(true);
    expect(client.emulator.users.list()).toEqual([]);
    expect(await rejection(ada.profile())).toMatchObject({ code: "user_not_found" });
    expect(await ada.delete()).toBe(false);
    await expectWorking(client, await client.cal.ensureUser("ada", input));
  });

  test("that Cal.com had deleted already is deleted here all the same", async () => {
    const client = createTestClient();
    const ada = await client.cal.ensureUser("ada", input);
    client.emulator.users.delete(client.emulator.users.list()[0]!.id);
    expect(await ada.delete()).toBe(true);
    expect(await client.store.get("ada")).toBeNull();
  });

  test("stays in the store if Cal.com could not delete it", async () => {
    const client = createTestClient();
    const ada = await client.cal.ensureUser("ada", input);
    client.emulator.inject({ method: "DELETE", effect: { status: 500 } });
    expect(await rejection(ada.delete())).toMatchObject({ code: "server_error" });
    await expectWorking(client, ada);
  });
});
