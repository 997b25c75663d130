import { describe, expect, it } from "vitest";
import {
  createCalEmulator,
  tokenStoreContract,
  tokenStoreProcessContract,
  type Fault,
} from "../../../src/testing/index.js";

// A knob that is turned in vain, or the wrong way, makes a test that proves nothing: each says so at once.

describe("inject", () => {
  const status = { status: 503 };

  it.each<[string, unknown, string]>([
    ["nothing", undefined, "inject takes a fault"],
    ["a status that is not in an effect", { path: "/me", status: 503 }, "effect is missing"],
    ["no effect", { path: "/me" }, "effect is missing"],
    ["an effect that says nothing", { effect: {} }, "says nothing that is known"],
    ["an unknown effect", { effect: { statuss: 503 } }, "{ status, body?, headers? }"],
    ["a status that is text", { effect: { status: "503" } }, "from 200 to 599"],
    ["a status that no answer has", { effect: { status: 99 } }, "from 200 to 599"],
    ["no status", { effect: { status: undefined } }, "from 200 to 599"],
    ["a page with a status that no answer has", { effect: { html: true, status: 0 } }, "from 200 to 599"],
    ["an effect with a stray key", { effect: { status: 503, header: {} } }, 'status has no "header"'],
    ["two effects at once", { effect: { delayMs: 50, status: 503 } }, 'delayMs has no "status"'],
    ["an effect that is not to be", { effect: { reset: false } }, "reset must be true"],
    ["a delay that is text", { effect: { delayMs: "1s" } }, "milliseconds"],
    ["an effect that is text", { effect: "reset" }, "must be an object"],
    ["an unknown key", { effect: status, time: 2 }, 'A fault has no "time"'],
    ["times that never come", { effect: status, times: 0 }, "times must be"],
    ["times that are text", { effect: status, times: "2" }, "times must be"],
    ["no number of spared requests", { effect: status, after: -1 }, "after must be"],
    ["an answer that is lost in words", { effect: status, lost: "yes" }, "lost must be"],
    ["no method", { effect: status, method: /GET/ }, "method must be"],
  ])("%s", (_, fault, message) => {
    const emulator = createCalEmulator();
    expect(() => emulator.inject(fault as Fault)).toThrow(message);
    expect(() => emulator.inject(fault as Fault)).toThrow(TypeError);
  });

  it.each([
    ["with the version", "/v2/calendars"],
    ["with the version as it is elsewhere", "/api/v2/calendars"],
    ["with the host", "https://api.cal.com/v2/calendars"],
    ["without its slash", "calendars"],
    ["with a query", "/calendars?type=google"],
    ["with the version in a pattern", /^\/v2\/calendars/],
    ["of another type", 5],
  ])("a path %s, which no request has; nor does count take it", (_, path) => {
    const emulator = createCalEmulator();
    const match = { path: path as string };
    expect(() => emulator.inject({ ...match, effect: status })).toThrow("path is what follows /v2");
    expect(() => emulator.count(match)).toThrow("path is what follows /v2");
  });
});

describe("the clock", () => {
  it.each(["1h", Number.NaN, Infinity, undefined])("is not moved by %s", (ms) => {
    const emulator = createCalEmulator({ now: () => 1000 });
    expect(() => emulator.clock.advance(ms as number)).toThrow("advance takes milliseconds");
    expect(emulator.clock.now()).toBe(1000);
  });

  it("is not set to what is no time", () => {
    const { clock } = createCalEmulator({ now: () => 1000 });
    for (const time of ["2028-01-04", "5", new Date(Number.NaN), null]) {
      expect(() => clock.set(time as Date)).toThrow("set takes milliseconds");
    }
    expect(clock.now()).toBe(1000);
  });

  it("goes back, too", () => {
    const { clock } = createCalEmulator({ now: () => 1000 });
    clock.advance(-400);
    expect(clock.now()).toBe(600);
  });
});

describe("the application's id in the place of Cal.com's", () => {
  const { users, calendars, provider } = createCalEmulator();
  const ada = "ada" as unknown as number;

  it.each<[string, () => unknown]>([
    ["users.get", () => users.get(ada)],
    ["users.tokens", () => users.tokens(ada)],
    ["users.delete", () => users.delete(ada)],
    ["users.revokeTokens", () => users.revokeTokens(ada)],
    ["calendars.credentials", () => calendars.credentials(ada)],
    ["calendars.selected", () => calendars.selected(ada)],
    ["calendars.connect", () => calendars.connect(ada, "google", "alice")],
    ["provider.revoke", () => provider.revoke({ userId: ada })],
  ])("%s", (_, turn) => {
    expect(turn).toThrow("It takes Cal.com's id: emulator.users.list().");
  });

  it("users.expireAccessTokens, for a user with tokens", async () => {
    const emulator = createCalEmulator();
    await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    expect(() => emulator.users.expireAccessTokens(ada)).toThrow("emulator.users.list()");
  });
});

it.each([
  "https://accounts.google.com/o/oauth2/v2/auth?client_id=x",
  "https://api.cal.example/provider/google/elsewhere",
  "/provider/google",
  { authUrl: "https://api.cal.example/" },
])("provider.authorize of %j", async (authUrl) => {
  const emulator = createCalEmulator();
  const walk = emulator.provider.authorize(authUrl as string, { account: "alice" });
  await expect(walk).rejects.toThrow("not an authUrl of this emulator's");
});

describe("the contract of stores", () => {
  it.each([undefined, {}])("without a function: %j", (given) => {
    expect(() => tokenStoreContract(given as never)).toThrow("tokenStoreContract(() => myTokenStore()");
    expect(() => tokenStoreProcessContract(given as never)).toThrow("start: () => fork(");
  });

  it("with a function that answers no store", async () => {
    const [first] = tokenStoreContract((() => undefined) as never);
    await expect(first!.run()).rejects.toThrow("must answer a token store");
  });
});
