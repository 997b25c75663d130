import { inspect } from "node:util";
import { describe, expect, test, vi } from "vitest";
import { CalClient, isCalError, memoryTokenStore } from "../../src/index.js";
import { createApp, createBrowser, endOf, ORIGIN, ownCallback } from "../support/handlers-app.js";

/** What `console` and loggers make of a value. */
const printed = (value: unknown): string =>
  [
    inspect(value, { depth: Infinity }),
    JSON.stringify(value),
    JSON.stringify({ ...(value as object) }),
    String(value),
  ].join("\n");

describe("wants secrets from a log, where the application prints the events that it receives", () => {
  test("onConnected, onDisconnected and onError", async () => {
    const events: object[] = [];
    const note = (event: { request: Request }) => {
      expect(event.request.headers.has("cookie"), "the request is there for who asks for it").toBe(true);
      events.push(event);
    };
    const app = createApp({ handlers: { onConnected: note, onDisconnected: note, onError: note } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const secrets = new Set<string>();

    // Connected by Cal.com's callback, and by a code; rejected; failed; disconnected.
    const first = await app.emulator.provider.authorize(await ada.start("google"));
    secrets.add(await ada.jar.getCookieString(ORIGIN));
    await ada.visit(first.redirectTo);
    const second = await app.emulator.provider.authorize(await ada.start("office365"), {
      stopBeforeCallback: true,
    });
    const { code, state } = second;
    await ada.visit(ownCallback("office365", { code, state }));
    const third = await app.emulator.provider.authorize(await ada.start("google"), { account: "carol" });
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    expect(endOf(await mallory.visit(third.redirectTo))).toMatchObject({ reason: "wrong_user" });
    app.emulator.inject({ path: "/calendars", effect: { status: 500, body: `no: ${code!} ${state!}` } });
    await ada.fetch("/calendars/status", { headers: { authorization: "Bearer s3cret-bearer-token" } });
    await ada.post("/calendars/disconnect", { calendarType: "google" });
    expect(events.length).toBeGreaterThanOrEqual(5);

    const { accessTokens, refreshTokens } = app.emulator.users.tokens(await app.managedUserId("ada"));
    for (const secret of [...accessTokens, ...refreshTokens, code!, state!]) secrets.add(secret);
    for (const url of [first.redirectTo, third.redirectTo]) {
      secrets.add(new URL(url).searchParams.get("cal_state")!);
    }
    for (const cookie of await ada.jar.getCookies(ORIGIN)) {
      if (cookie.value.length > 8) secrets.add(cookie.value);
    }
    secrets.add("s3cret-bearer-token").add("session=");
    const text = events.map(printed).join("\n");
    for (const secret of secrets) expect(text).not.toContain(secret);
    expect(text).toContain("wrong_user");
  });

  const thrown: Record<string, (request: Request) => unknown> = {
    "an error whose message repeats the cookies": (request) =>
      new Error(`No session for ${request.headers.get("cookie") ?? ""}`),
    "an error that holds the request's headers": (request) =>
      Object.assign(new Error("No session"), {
        config: { headers: { cookie: request.headers.get("cookie") } },
      }),
    "an error whose cause repeats the URL": (request) =>
      new Error("No session", { cause: new Error(request.url) }),
    "a text": (request) => request.headers.get("cookie"),
    "an object": (request) => ({ cookie: request.headers.get("cookie") }),
  };

  test.each(Object.entries(thrown))("authenticate() throws %s", async (_, make) => {
    const events: { error: unknown; redactedError: Error }[] = [];
    const errors: unknown[] = [];
    const app = createApp({
      handlers: {
        authenticate: (request) => {
          const error = make(request);
          errors.push(error);
          throw error;
        },
        onError: (event) => void events.push(event),
      },
    });
    const url = `${ORIGIN}/api/cal/calendars/status?x=s3cret-in-the-query`;
    const headers = { cookie: "session=s3cret-of-the-session; other=s3cret-too" };
    expect((await app.handlers.handle(new Request(url, { headers }))).status).toBe(500);
    expect(events).toHaveLength(1);
    expect(printed(events[0])).not.toContain("s3cret");
    expect(app.log.join()).not.toContain("s3cret");
    // For code, the error itself: to tell its class, or to hand it to an error tracker.
    expect(events[0]!.error).toBe(errors[0]);
    expect(events[0]!.redactedError).toBeInstanceOf(Error);
  });
});

/** Characters that forge, hide or reorder lines of a log, or drive a terminal. */
const control = {
  "a line end": "\n",
  "a carriage return": "\r",
  "a line separator": "\u2028",
  "a paragraph separator": "\u2029",
  "next line": "\x85",
  "a colour": "\x1b[31m",
  "clear the screen": "\x1b[2J\x1b[H",
  "a window title": "\x1b]0;pwned\x07",
  "a link": "\x1b]8;;https://evil.example\x1b\\",
  "an 8-bit escape sequence": "\x9b31m",
  "a bare escape": "\x1b",
  "a backspace": "\b",
  "a bell": "\x07",
  "a null": "\0",
  "right-to-left override": "\u202e",
  "right-to-left isolate": "\u2067",
  "right-to-left mark": "\u200f",
  "Arabic letter mark": "\u061c",
  "a zero-width space": "\u200b",
};
// A line end in a stack stands between two frames. In all other texts, none is left.
const forbidden = /[\p{Cc}\p{Cf}\u2028\u2029]/u;
const forbiddenInStack = /(?!\n)[\p{Cc}\p{Cf}\u2028\u2029]/u;

describe("wants to forge log lines or drive a terminal, by a message of Cal.com", () => {
  test.each(Object.entries(control))("%s", async (_, characters) => {
    const message = `Sorry.${characters}2027-01-01 INFO all is well${characters}.`;
    const body = JSON.stringify({ status: "error", error: { code: "X", message } });
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.start("google");
    app.emulator.inject({ path: "/calendars", effect: { status: 500, body } });
    const error: unknown = await app.cal
      .forUser("ada")
      .calendars.list()
      .catch((thrown: unknown) => thrown);
    if (!isCalError(error) || !("apiMessage" in error)) throw new Error("The call did not fail.");
    expect(error.message).toContain("all is well");
    expect(error.message).not.toMatch(forbidden);
    expect(error.apiMessage).not.toMatch(forbidden);

    const logged: Error[] = [];
    const logger = { error: (_message: string, { error }: { error?: Error }) => void logged.push(error!) };
    app.emulator.inject({ path: "/calendars", effect: { status: 500, body } });
    const response = await createBrowser(app.sibling({ logger }).handle)
      .signIn("ada")
      .fetch("/calendars/status");
    expect(response.status).toBe(502);
    expect(logged).toHaveLength(1);
    expect(logged[0]!.message).not.toMatch(forbidden);
    expect(logged[0]!.stack).not.toMatch(forbiddenInStack);
    // The message is one line, so all others are frames.
    const [first, ...frames] = logged[0]!.stack!.split("\n");
    expect(first).toContain("all is well");
    for (const frame of frames) expect(frame).toMatch(/^\s+at /);
  });

  test.each(Object.entries(control))("in an error of the application's own: %s", async (_, characters) => {
    const logged: Error[] = [];
    const app = createApp({
      handlers: {
        authenticate: () => {
          throw new Error(`a${characters}b`, { cause: new Error(`c${characters}    at evil (x.js:1:1)`) });
        },
        logger: { error: (_message, fields) => void logged.push((fields as { error: Error }).error) },
      },
    });
    await app.handlers.status(new Request(ORIGIN));
    for (const error of [logged[0]!, logged[0]!.cause as Error]) {
      expect(error.message).not.toMatch(forbidden);
      expect(error.stack).not.toMatch(forbiddenInStack);
      expect(error.stack!.split("\n").filter((line) => /^\s*at evil/.test(line))).toEqual([]);
    }
  });
});

test("wants the server to stand still, by an error message of many megabytes", async () => {
  const secret = "s3cret-of-the-client";
  const message = `${"a@b ".repeat(4_096)}${secret} ${"token=x? ".repeat(1_000_000)}`;
  const cal = new CalClient({
    managedUsers: { clientId: "c", clientSecret: secret },
    tokenStore: memoryTokenStore(),
    retry: { limit: 0 },
    fetch: () => Promise.resolve(Response.json({ error: { message } }, { status: 400 })),
  });
  const searched: number[] = [];
  const { replace } = String.prototype;
  vi.spyOn(String.prototype, "replace").mockImplementation(function (this: string, ...given) {
    searched.push(this.length);
    return replace.apply(this, given);
  });
  const error: unknown = await cal.managedUsers.get(1).catch((thrown: unknown) => thrown);
  vi.restoreAllMocks();
  // Patterns that search megabytes block the event loop for seconds.
  expect(searched.length).toBeGreaterThan(0);
  expect(Math.max(...searched)).toBeLessThan(100_000);
  expect((error as Error).message.length).toBeLessThan(1_000);
  expect((error as Error).message).not.toContain("s3cret");
});
