import { describe, expect, test } from "vitest";
import {
  createCalEmulator,
  tokenStoreContract,
  tokenStoreProcessContract,
  type Fault,
} from "../../../src/testing/index.js";

// A control that has no effect makes a test that proves nothing. Every control rejects such input.

describe("inject rejects", () => {
  const status = { status: 503 };

  test.each<[string, unknown, string]>([
    ["nothing", undefined, "inject takes a fault"],
    ["a status that is not in an effect", { path: "/me", status: 503 }, "effect is missing"],
    ["no effect", { path: "/me" }, "effect is missing"],
    ["an effect without a key", { effect: {} }, "no known key"],
    ["an unknown effect", { effect: { statuss: 503 } }, "{ status, body?, headers? }"],
    ["a status that is text", { effect: { status: "503" } }, "from 200 to 599"],
    ["a status out of range", { effect: { status: 99 } }, "from 200 to 599"],
    ["an undefined status", { effect: { status: undefined } }, "from 200 to 599"],
    ["a page with a status out of range", { effect: { html: true, status: 0 } }, "from 200 to 599"],
    ["an effect with an unknown key", { effect: { status: 503, header: {} } }, 'status has no "header"'],
    ["two effects at once", { effect: { delayMs: 50, status: 503 } }, 'delayMs has no "status"'],
    ["an effect that is false", { effect: { reset: false } }, "reset must be true"],
    ["a delay that is text", { effect: { delayMs: "1s" } }, "milliseconds"],
    ["an effect that is text", { effect: "reset" }, "must be an object"],
    ["an unknown key", { effect: status, time: 2 }, 'A fault has no field "time"'],
    ["times of 0", { effect: status, times: 0 }, "times must be"],
    ["times that are text", { effect: status, times: "2" }, "times must be"],
    ["a negative after", { effect: status, after: -1 }, "after must be"],
    ["lost as text", { effect: status, lost: "yes" }, "lost must be"],
    ["a method that is a pattern", { effect: status, method: /GET/ }, "method must be"],
  ])("%s", (_, fault, message) => {
    const emulator = createCalEmulator();
    expect(() => emulator.inject(fault as Fault)).toThrow(message);
    expect(() => emulator.inject(fault as Fault)).toThrow(TypeError);
  });

  test.each([
    ["with the version", "/v2/calendars"],
    ["with the prefix /api/v2", "/api/v2/calendars"],
    ["with the host", "https://api.cal.com/v2/calendars"],
    ["without its slash", "calendars"],
    ["with a query", "/calendars?type=google"],
    ["with the version in a pattern", /^\/v2\/calendars/],
    ["of another type", 5],
  ])("a path %s, as count does", (_, path) => {
    const emulator = createCalEmulator();
    const match = { path: path as string };
    expect(() => emulator.inject({ ...match, effect: status })).toThrow("path is the path after /v2");
    expect(() => emulator.count(match)).toThrow("path is the path after /v2");
  });
});

describe("the clock", () => {
  test.each(["1h", Number.NaN, Infinity, undefined])("advance rejects %s", (ms) => {
    const emulator = createCalEmulator({ now: () => 1000 });
    expect(() => emulator.clock.advance(ms as number)).toThrow("advance takes milliseconds");
    expect(emulator.clock.now()).toBe(1000);
  });

  test("set rejects a value that is not a time", () => {
    const { clock } = createCalEmulator({ now: () => 1000 });
    for (const time of ["2028-01-04", "5", new Date(Number.NaN), null]) {
      expect(() => clock.set(time as Date)).toThrow("set takes milliseconds");
    }
    expect(clock.now()).toBe(1000);
  });

  test("advance accepts a negative number", () => {
    const { clock } = createCalEmulator({ now: () => 1000 });
    clock.advance(-400);
    expect(clock.now()).toBe(600);
  });
});

describe("the application's id of a user in place of Cal.com's is rejected by", () => {
  const { users, calendars, provider } = createCalEmulator();
  const ada = "ada" as unknown as number;

  test.each<[string, () => unknown]>([
    ["users.get", () => users.get(ada)],
    ["users.tokens", () => users.tokens(ada)],
    ["users.delete", () => users.delete(ada)],
    ["users.revokeTokens", () => users.revokeTokens(ada)],
    ["calendars.credentials", () => calendars.credentials(ada)],
    ["calendars.selected", () => calendars.selected(ada)],
    ["calendars.connect", () => calendars.connect(ada, "google", "alice")],
    ["provider.revoke", () => provider.revoke({ userId: ada })],
  ])("%s", (_, call) => {
    expect(call).toThrow("It takes Cal.com's id: emulator.users.list()");
  });

  test("users.expireAccessTokens, if there is a user with tokens", async () => {
    const emulator = createCalEmulator();
    await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    expect(() => emulator.users.expireAccessTokens(ada)).toThrow("emulator.users.list()");
  });
});

describe("a field that doesn't exist is rejected by", () => {
  const field = { acount: "alice" };
  const wrong = <T>(value: T): T => ({ ...value, ...field });

  async function setUp() {
    const emulator = createCalEmulator({ oauth2: { clients: [oauth2Client] } });
    const { id: userId } = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    emulator.calendars.connect(userId, "google", "alice");
    const authUrl = "https://api.cal.example/provider/google/o/oauth2/v2/auth";
    return { ...emulator, emulator, userId, grant: { clientId: "app", userId }, authUrl };
  }
  type World = Awaited<ReturnType<typeof setUp>>;

  test.each<[string, (world: World) => unknown]>([
    ["createCalEmulator", () => createCalEmulator(wrong({}))],
    ["createCalEmulator: clients", () => createCalEmulator({ clients: [wrong({ id: "a", secret: "b" })] })],
    ["createCalEmulator: accounts", () => createCalEmulator({ accounts: wrong({}) })],
    ["createCalEmulator: rateLimits", () => createCalEmulator({ rateLimits: wrong({}) })],
    ["createCalEmulator: oauth2", () => createCalEmulator({ oauth2: wrong({}) })],
    [
      "createCalEmulator: oauth2.clients",
      () => createCalEmulator({ oauth2: { clients: [wrong(oauth2Client)] } }),
    ],
    [
      "createCalEmulator: oauth2.people",
      () => createCalEmulator({ oauth2: { people: [wrong({ email: "a@b.example" })] } }),
    ],
    ["listen", ({ emulator }) => emulator.listen(wrong({}))],
    ["count", ({ emulator }) => emulator.count(wrong({}))],
    ["inject", ({ emulator }) => emulator.inject(wrong({ effect: { status: 500 } }))],
    ["users.create", ({ users }) => users.create(wrong({ email: "a@b.example", name: "A" }))],
    ["users.create's options", ({ users }) => users.create({ email: "a@b.example", name: "A" }, wrong({}))],
    ["users.expireAccessTokens", ({ users, userId }) => users.expireAccessTokens(userId, wrong({}))],
    ["people.create", ({ people }) => people.create(wrong({ email: "a@b.example" }))],
    ["people.createTeam", ({ people }) => people.createTeam(people.list()[0]!.id, wrong({ name: "T" }))],
    ["calendars.invalidate", ({ calendars, userId }) => calendars.invalidate(wrong({ userId }))],
    ["calendars.revalidate", ({ calendars, userId }) => calendars.revalidate(wrong({ userId }))],
    ["calendars.remove", ({ calendars, userId }) => calendars.remove(wrong({ userId }))],
    ["provider.revoke", ({ provider, userId }) => provider.revoke(wrong({ userId }))],
    ["provider.restore", ({ provider, userId }) => provider.restore(wrong({ userId }))],
    ["provider.addAccount", ({ provider }) => provider.addAccount("google", wrong({ email: "a@b.example" }))],
    [
      "provider.addEvent",
      ({ provider }) => provider.addEvent("google", "alice", wrong({ title: "", start: "", end: "" })),
    ],
    ["provider.issueCode", ({ provider }) => provider.issueCode("google", wrong({}))],
    ["provider.authorize", ({ provider, authUrl }) => provider.authorize(authUrl, wrong({}))],
    ["oauth2.authorize", ({ oauth2 }) => oauth2.authorize(`${oauth2.authorizeUrl}?client_id=app`, wrong({}))],
    ["oauth2.issueCode", ({ oauth2, grant }) => oauth2.issueCode(wrong(grant))],
    ["oauth2.issueTokens", ({ oauth2, grant }) => oauth2.issueTokens(wrong(grant))],
    ["oauth2.tokens", ({ oauth2, userId }) => oauth2.tokens(userId, wrong({}))],
    ["oauth2.expireAccessTokens", ({ oauth2, userId }) => oauth2.expireAccessTokens(userId, wrong({}))],
    ["oauth2.expireRefreshTokens", ({ oauth2, userId }) => oauth2.expireRefreshTokens(userId, wrong({}))],
    ["oauth2.revokeRefreshTokens", ({ oauth2, userId }) => oauth2.revokeRefreshTokens(userId, wrong({}))],
    ["oauth2.clients.create", ({ oauth2 }) => oauth2.clients.create(wrong({ ...oauth2Client, id: "b" }))],
  ])("%s", async (_, call) => {
    const world = await setUp();
    await world.oauth2.issueTokens(world.grant);
    const attempt = async (): Promise<void> => {
      await call(world);
    };
    await expect(attempt()).rejects.toThrow('no field "acount"');
  });
});

const oauth2Client = { id: "app", secret: "app-secret", redirectUris: ["https://app.example/callback"] };

describe("a provider that doesn't exist is rejected by", () => {
  const { calendars, provider, people } = createCalEmulator();
  const gogle = "gogle" as never;
  const userId = people.list()[0]!.id;

  test.each<[string, () => unknown]>([
    ["provider.break", () => provider.break(gogle)],
    ["provider.repair", () => provider.repair(gogle)],
    ["provider.addAccount", () => provider.addAccount(gogle, "alice@gmail.example")],
    ["provider.events", () => provider.events(gogle, "alice")],
    ["provider.issueCode", () => provider.issueCode(gogle)],
    ["provider.revoke", () => provider.revoke({ userId, provider: gogle })],
    ["calendars.connect", () => calendars.connect(userId, gogle, "alice")],
    ["calendars.delegate", () => calendars.delegate(userId, gogle, "alice")],
  ])("%s", (_, call) => {
    expect(call).toThrow('not "gogle"');
  });
});

test.each([
  "https://accounts.google.com/o/oauth2/v2/auth?client_id=x",
  "https://api.cal.example/provider/google/elsewhere",
  "/provider/google",
  { authUrl: "https://api.cal.example/" },
])("provider.authorize rejects %j", async (authUrl) => {
  const emulator = createCalEmulator();
  const walk = emulator.provider.authorize(authUrl as string, { account: "alice" });
  await expect(walk).rejects.toThrow("not an authUrl of this emulator");
});

describe("the token store contract rejects", () => {
  test.each([undefined, {}])("%j in place of a function", (given) => {
    expect(() => tokenStoreContract(given as never)).toThrow("tokenStoreContract(() => myTokenStore()");
    expect(() => tokenStoreProcessContract(given as never)).toThrow("start: () => fork(");
  });

  test("a function that returns no store", async () => {
    const [first] = tokenStoreContract((() => undefined) as never);
    await expect(first!.run()).rejects.toThrow("must return a token store");
  });
});
