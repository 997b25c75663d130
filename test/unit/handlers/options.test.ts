import { Hono } from "hono";
import { mount } from "hono/mount";
import { describe, expect, test, vi } from "vitest";
import { CalClient, CalStoreError, CalValidationError, memoryTokenStore } from "../../../src/index.js";
import { createCalHandlers, type CalHandlers, type CalHandlersOptions } from "../../../src/handlers/index.js";
import { createApp, createBrowser, endOf, ORIGIN, SECRET } from "../../support/handlers-app.js";

const client = new CalClient({
  managedUsers: { clientId: "c", clientSecret: "s" },
  tokenStore: memoryTokenStore(),
});
const good: CalHandlersOptions = {
  client,
  authenticate: () => null,
  stateSecret: SECRET,
  appUrl: ORIGIN,
  successUrl: "/connected",
};

describe("options that are not valid are rejected at once", () => {
  const bad: [string, object][] = [
    ["client", { client: {} }],
    ["client.clientId", { client: { ensureUser: () => undefined, forUser: () => undefined } }],
    ["authenticate", { authenticate: undefined }],
    ["stateSecret", { stateSecret: "short" }],
    ["stateSecret", { stateSecret: [] }],
    ["stateSecret", { stateSecret: [SECRET, "short"] }],
    ["stateSecret", { stateSecret: " ".repeat(40) }],
    ["stateSecret", { stateSecret: undefined }],
    ["stateSecret", { stateSecret: { length: 1 } }],
    ["appUrl", { appUrl: "app.example" }],
    ["appUrl", { appUrl: "/x" }],
    ["appUrl", { appUrl: "https://a:b@app.example" }],
    ["appUrl", { appUrl: "https://app.example?x=1" }],
    ["basePath", { basePath: "api/cal" }],
    ["basePath", { basePath: "/api cal" }],
    ["basePath", { basePath: "//api/cal" }],
    ["successUrl", { successUrl: "javascript:alert(1)" }],
    ["successUrl", { successUrl: "//evil.example" }],
    ["errorUrl", { errorUrl: "connected" }],
    ["allowedOrigins", { allowedOrigins: ["https://app.example/path"] }],
    ["allowedOrigins", { allowedOrigins: ["*"] }],
    ["googleRedirectUri", { googleRedirectUri: "https://elsewhere.example/callback" }],
    ["officeRedirectUri", { officeRedirectUri: "ftp://app.example/callback" }],
    ["maxBodyBytes", { maxBodyBytes: 0 }],
  ];

  test.each(bad)("%s: %j", (name, wrong) => {
    const make = () => createCalHandlers({ ...good, ...wrong });
    expect(make).toThrow(CalValidationError);
    expect(make).toThrow(name);
  });

  test("an unknown option", () => {
    const misspelt = { ...good, basepath: "/cal" };
    expect(() => createCalHandlers(misspelt)).toThrow(/^Unknown option basepath\. There are: .*basePath, /);
    const meant = { tokenStore: memoryTokenStore(), ...good, providers: ["google"] };
    expect(() => createCalHandlers.fromEnv({ ...meant, env: {} })).toThrow("Unknown option providers.");
  });

  test("no options at all", () => {
    const nothing = undefined as never;
    const needed = "{ client, authenticate, stateSecret, appUrl, successUrl }";
    expect(() => createCalHandlers(nothing)).toThrow(CalValidationError);
    expect(() => createCalHandlers(nothing)).toThrow(needed);
    expect(() => createCalHandlers.fromEnv(nothing)).toThrow("{ tokenStore, authenticate }");
  });

  test("no message repeats a secret", () => {
    expect(() => createCalHandlers({ ...good, stateSecret: "hunter2" })).not.toThrow(/hunter2/);
  });
});

describe("from the environment", () => {
  const env = {
    CAL_CLIENT_ID: "id",
    CAL_CLIENT_SECRET: "secret",
    CAL_STATE_SECRET: `${SECRET}, an-older-secret-that-is-long-enough-too`,
    NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT: "https://app.example/api/cal/gcal-oauth-redirect",
    NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT: "https://app.example/api/cal/office-oauth-redirect",
    NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "https://app.example/done",
    NEXT_PUBLIC_CALENDAR_ERROR_URL: "/failed",
  };
  const given = { tokenStore: memoryTokenStore(), authenticate: () => null };
  const redirect = `${ORIGIN}/api/cal/gcal-oauth-redirect`;

  test("everything is read, the public origin from the redirect URLs", async () => {
    const handlers = createCalHandlers.fromEnv({ ...given, env });
    const back = await handlers.handle(new Request(redirect));
    expect(endOf(back)).toEqual({
      page: "/failed",
      calendarType: "google",
      connected: "false",
      reason: "invalid_state",
    });
  });

  test("outside Next.js the public origin is called APP_URL", async () => {
    const unset = { NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT: "", NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT: "" };
    const handlers = createCalHandlers.fromEnv({ ...given, env: { ...env, ...unset, APP_URL: ORIGIN } });
    const back = await handlers.handle(new Request(redirect));
    expect(back.headers.get("location")).toMatch(`${ORIGIN}/failed?`);
  });

  test("users' own Cal.com accounts, managed users, or both: the environment says which, and what new users get", async () => {
    const { CAL_CLIENT_ID, CAL_CLIENT_SECRET, ...common } = env;
    const managed = { ...common, CAL_CLIENT_ID, CAL_CLIENT_SECRET };
    const oauth = { ...common, CAL_OAUTH_CLIENT_ID: "app", CAL_OAUTH_CLIENT_SECRET: "s3cret" };
    const both = { ...managed, ...oauth };
    const signedIn = { ...given, authenticate: () => ({ userId: "ada" }) };
    /** Whether users can link an account, and whether a new user's calendar begins with Cal.com's authorize page. */
    async function of(env: Record<string, string>, options: { newUsers?: "managed" | "oauth" } = {}) {
      const handlers = createCalHandlers.fromEnv({ ...signedIn, ...options, env, onError: () => undefined });
      const get = async (path: string) =>
        (await handlers.handle(new Request(`${ORIGIN}/api/cal${path}`))).json() as Promise<{
          data?: { linkable?: boolean; authUrl?: string };
        }>;
      const { data } = await get("/calendars/status");
      const authUrl = (await get("/calendars/oauth-connect-url?type=google")).data?.authUrl;
      return [data?.linkable, authUrl?.startsWith("https://app.cal.com/auth/oauth2/authorize") === true];
    }
    expect(await of(managed)).toEqual([false, false]);
    expect(await of(oauth)).toEqual([true, true]);
    expect(await of({ ...both, CAL_NEW_USERS: "oauth" })).toEqual([true, true]);
    expect(await of({ ...both, CAL_NEW_USERS: "managed" })).toEqual([true, false]);
    expect(await of(both, { newUsers: "oauth" })).toEqual([true, true]);
    // One kind of client is left: what new users get is no question then.
    expect(await of({ ...oauth, CAL_NEW_USERS: "managed" })).toEqual([true, true]);
    expect(await of(managed, { newUsers: "oauth" })).toEqual([false, false]);
    expect(unconfigured(both).log).toEqual([expect.stringContaining("CAL_NEW_USERS")]);
  });

  test("process.env is the default, and options go before it", async () => {
    for (const [name, value] of Object.entries(env)) process.env[name] = value;
    try {
      const handlers = createCalHandlers.fromEnv({ ...given, errorUrl: "/other" });
      expect(endOf(await handlers.handle(new Request(redirect))).page).toBe("/other");
    } finally {
      for (const name of Object.keys(env)) Reflect.deleteProperty(process.env, name);
    }
  });

  /** Handlers of an environment that is not complete, and what they log. */
  function unconfigured(env: Record<string, string | undefined>) {
    const log: string[] = [];
    const logger = {
      error: (message: string, { error }: { error?: Error }) =>
        void log.push(`${message} ${error?.message ?? ""}`),
    };
    return { log, handlers: createCalHandlers.fromEnv({ ...given, env, logger }) };
  }

  test.each(["CAL_CLIENT_ID", "CAL_CLIENT_SECRET", "CAL_STATE_SECRET", "NEXT_PUBLIC_CALENDAR_SUCCESS_URL"])(
    "%s is missing: the log says so at once, and pages get JSON, never an empty response",
    async (name) => {
      const { handlers, log } = unconfigured({ ...env, [name]: " " });
      expect(log).toEqual([expect.stringContaining(name)]);
      for (const handle of [handlers.handle, handlers.status]) {
        const response = await handle(new Request(`${ORIGIN}/api/cal/calendars/status`));
        expect(response.status).toBe(500);
        expect(await response.json()).toEqual({
          success: false,
          error: {
            code: "internal_error",
            message: "The calendar routes are not configured. The server's log says what is missing.",
          },
        });
      }
      expect(log).toHaveLength(3);
      for (const line of log) expect(line).toContain(name);
    },
  );

  test("a variable that is not valid gets the same", async () => {
    const { handlers, log } = unconfigured({ ...env, CAL_STATE_SECRET: "short-s3cret" });
    expect((await handlers.handle(new Request(redirect))).status).toBe(500);
    expect(log.join()).toContain("stateSecret must have 32 characters");
    expect(log.join()).not.toContain("short-s3cret");
    await expect(handlers.finishRollBacks()).rejects.toMatchObject({ code: "invalid_input" });
  });

  test("onError is called with the handler's name and what is missing", async () => {
    const events: unknown[] = [];
    const logged = vi.spyOn(console, "error").mockImplementation(() => undefined);
    const handlers = createCalHandlers.fromEnv({
      ...given,
      env: {},
      onError: ({ handler, error }) => void events.push([handler, String(error)]),
    });
    expect(logged).toHaveBeenCalledOnce();
    await handlers.handle(new Request(`${ORIGIN}/shop/api/cal/refresh`));
    expect(events).toEqual([["refresh", expect.stringContaining("CAL_STATE_SECRET")]]);
    expect((await handlers.handle(new Request(ORIGIN))).status).toBe(500);
  });

  test("all that is missing is named at once", () => {
    expect(unconfigured({}).log.join()).toMatch(
      /: NEXT_PUBLIC_APP_URL or APP_URL .*, CAL_STATE_SECRET .*, NEXT_PUBLIC_CALENDAR_SUCCESS_URL /,
    );
    const unset = { CAL_CLIENT_ID: "", CAL_CLIENT_SECRET: undefined };
    expect(unconfigured({ ...env, ...unset }).log.join()).toContain("CAL_CLIENT_ID, CAL_CLIENT_SECRET");
  });

  test("the public address is in no variable, or two differ", () => {
    const unset = { NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT: "", NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT: "" };
    expect(unconfigured({ ...env, ...unset }).log.join()).toContain("NEXT_PUBLIC_APP_URL");
    const google = "NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT";
    for (const other of [
      "https://other.example/x",
      "https://other.example/api/cal/gcal-oauth-redirect",
      "https://app.example/shop/api/cal/gcal-oauth-redirect",
    ]) {
      expect(unconfigured({ ...env, [google]: other }).log.join(), other).toContain("different origins");
    }
  });

  test("a mistake in the code is thrown at once", () => {
    const misspelt = { ...given, env, basepath: "/cal" };
    expect(() => createCalHandlers.fromEnv(misspelt)).toThrow("Unknown option basepath.");
    expect(() => createCalHandlers.fromEnv({ authenticate: () => null, env })).toThrow("tokenStore");
    expect(() => createCalHandlers.fromEnv({ ...given, authenticate: undefined as never, env })).toThrow(
      "authenticate",
    );
  });
});

describe("where the routes are", () => {
  test("under another base path, behind a proxy that keeps or strips the public path", async () => {
    const app = createApp({ handlers: { appUrl: `${ORIGIN}/shop/`, basePath: "/cal" } });
    for (const path of ["/shop/cal/refresh", "/cal/refresh", "/cal/refresh/"]) {
      expect((await app.handlers.handle(new Request(`http://internal:3000${path}`))).status).toBe(401);
    }
    for (const path of ["/api/cal/refresh", "/cal", "/cal//refresh", "/cal/refresh/x", "/cal/toString"]) {
      const response = await app.handlers.handle(new Request(`${ORIGIN}${path}`));
      expect(response.status).toBe(404);
      expect((await response.json()).error.message).toBe(
        "There is no such route under /shop/cal. If the routes are mounted elsewhere, give basePath.",
      );
    }
  });

  describe("an application whose address has a path, as with Next.js's basePath", () => {
    const shop = `${ORIGIN}/shop`;

    test.each([
      ["/connected", `${shop}/connected`],
      ["/shop/connected", `${shop}/connected`],
      ["/shop", shop],
      ["/shopping", `${shop}/shopping`],
      ["/", `${shop}/`],
      ["/../admin", `${shop}/admin`],
      ["/connected?tab=2#top", `${shop}/connected?tab=2#top`],
      [`${ORIGIN}/elsewhere`, `${ORIGIN}/elsewhere`],
    ])("the page %s is %s, as success page, error page and return URL", async (page, expected) => {
      const end = new URL(expected);
      const bare = (response: Response) => {
        const url = new URL(response.headers.get("location")!);
        for (const name of ["calendarType", "connected", "reason"]) url.searchParams.delete(name);
        return url.href;
      };
      const app = createApp({ handlers: { appUrl: `${shop}/`, successUrl: page, errorUrl: page } });
      const api = `${shop}/api/cal`;
      const ada = createBrowser(app.handlers.handle, api).signIn("ada");
      const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
      expect(redirectTo).toMatch(`${api}/gcal-oauth-redirect?`);
      expect(bare(await ada.visit(redirectTo))).toBe(end.href);
      expect(bare(await ada.visit(`${api}/gcal-oauth-redirect`))).toBe(end.href);

      const other = createApp({ handlers: { appUrl: shop, successUrl: "/s", errorUrl: "/e" } });
      const bob = createBrowser(other.handlers.handle, api).signIn("bob");
      const link = await bob.start("google", `&returnUrl=${encodeURIComponent(page)}`);
      const back = await bob.visit((await other.emulator.provider.authorize(link)).redirectTo);
      expect(bare(back)).toBe(end.href);
    });

    test("a redirect URI that is a path is one of the application", async () => {
      const app = createApp({ handlers: { appUrl: shop, googleRedirectUri: "/back" } });
      const ada = createBrowser(app.handlers.handle, `${shop}/api/cal`).signIn("ada");
      const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
      expect(redirectTo).toMatch(`${shop}/back?`);
    });

    test("from the environment, with the redirect URLs alone", async () => {
      const handlers = createCalHandlers.fromEnv({
        tokenStore: memoryTokenStore(),
        authenticate: () => null,
        env: {
          CAL_CLIENT_ID: "id",
          CAL_CLIENT_SECRET: "secret",
          CAL_STATE_SECRET: SECRET,
          NEXT_PUBLIC_GOOGLE_CALENDAR_REDIRECT: `${shop}/api/cal/gcal-oauth-redirect`,
          NEXT_PUBLIC_OFFICE_CALENDAR_REDIRECT: `${ORIGIN}/a-page`,
          NEXT_PUBLIC_CALENDAR_SUCCESS_URL: "/done",
        },
      });
      const back = await handlers.handle(new Request(`${shop}/api/cal/gcal-oauth-redirect`));
      expect(endOf(back).page).toBe("/shop/done");
    });
  });

  describe("a framework that removes the base path", () => {
    const mounts: Record<string, (handle: CalHandlers["handle"]) => Hono> = {
      "Hono's app.mount()": (handle) => {
        const app = new Hono();
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- the one that applications have today
        app.mount("/api/cal", handle);
        return app;
      },
      "Hono's mount()": (handle) => {
        const app = new Hono();
        app.all("/api/cal/*", mount(handle));
        return app;
      },
    };

    test.each(Object.entries(mounts))(
      "%s: the message names the option with which it works",
      async (_, make) => {
        const app = createApp();
        const ask = (hono: Hono) => hono.request(`${ORIGIN}/api/cal/calendars/status`);
        const response = await ask(make(app.handlers.handle));
        expect(response.status).toBe(404);
        expect((await response.json()).error.message).toContain("basePathStripped: true");

        const works = make(app.sibling({ basePathStripped: true }).handle);
        expect((await ask(works)).status).toBe(401);
        const ada = createBrowser((request) => Promise.resolve(works.fetch(request))).signIn("ada");
        const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
        expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected", connected: "true" });
      },
    );
  });

  test("a single handler works under any path, and only with its methods", async () => {
    const app = createApp();
    expect((await app.handlers.status(new Request("https://x.example/whatever"))).status).toBe(401);
    const wrong = await app.handlers.saveOauthCredentials(
      new Request("https://x.example/", { method: "PUT" }),
    );
    expect(wrong.status).toBe(405);
    expect(wrong.headers.get("allow")).toBe("GET, POST");
  });
});

test("cookies on http have no Secure and no __Host-", async () => {
  const app = createApp({ handlers: { appUrl: "http://localhost:3000" } });
  const response = await app.handlers.oauthConnectUrl(
    new Request("http://localhost:3000/?type=google", { headers: { cookie: "session=ada" } }),
  );
  expect(response.headers.getSetCookie()[0]).toMatch(
    /^calbridge-[\w-]{12}=[\w-]{43}; Path=\/; Max-Age=600; HttpOnly; SameSite=Lax$/,
  );
});

describe("what fails", () => {
  test.each([
    [{ status: 429, headers: { "x-ratelimit-reset-default": "7" } }, 503, "rate_limited"],
    [{ status: 503 }, 502, "unavailable"],
    [{ reset: true }, 502, "unavailable"],
    [{ html: true }, 502, "unavailable"],
    [{ status: 403 }, 502, "not_permitted"],
  ] as const)("Cal.com answers %j", async (effect, status, code) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.start("google");
    app.emulator.inject({ path: "/calendars", effect });
    const response = await ada.fetch("/calendars/status");
    expect(response.status).toBe(status);
    expect((await response.json()).error.code).toBe(code);
    expect(response.headers.has("retry-after")).toBe(code === "rate_limited");
  });

  test("the application's own functions: a plain 500, and onError is called", async () => {
    const told: unknown[] = [];
    const oops = new Error("postgres://user:pass@db/prod is down");
    const app = createApp({
      handlers: {
        authenticate: () => Promise.reject(oops),
        onError: ({ handler, error }) => {
          told.push([handler, error]);
          throw new Error("onError is broken, too");
        },
      },
    });
    const response = await app.handlers.status(new Request(ORIGIN));
    expect(response.status).toBe(500);
    expect(await response.json()).toEqual({
      success: false,
      error: { code: "internal_error", message: "Something went wrong. Try again later." },
    });
    expect(told).toEqual([["status", oops]]);
    expect(app.log.join()).toContain("onError threw");
    expect(app.log.join()).not.toContain("pass@db");

    const unheard = app.sibling({
      logger: {
        error: () => {
          throw new Error("the log is full");
        },
      },
    });
    expect((await unheard.status(new Request(ORIGIN))).status).toBe(500);
    expect(
      endOf(await createBrowser(app.handlers.handle).visit(`${ORIGIN}/api/cal/gcal-oauth-redirect`)),
    ).toMatchObject({ page: "/failed", reason: "invalid_state" });
  });

  test("a callback after the calendar is connected: the connection stays, and trying again works", async () => {
    let fails = true;
    const app = createApp({
      handlers: {
        onConnected: () => {
          if (fails) throw new CalStoreError("The database is away.");
        },
      },
    });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/failed", reason: "internal_error" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
    fails = false;
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
  });

  test("the roll-back: the callback is rejected all the same, and onError is called for both", async () => {
    const told: unknown[] = [];
    const app = createApp({ handlers: { onError: ({ error }) => void told.push(String(error)) } });
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"));
    app.emulator.inject({ path: "/calendars", effect: { status: 502 } });
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(told).toEqual([expect.stringContaining("CalApiError"), expect.stringContaining("wrong_user")]);
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("a session without a user's id is a mistake of authenticate()", async () => {
    const app = createApp({
      handlers: { authenticate: () => ({ userId: "", email: "e@x.example", name: "n" }) },
    });
    expect((await app.handlers.status(new Request(ORIGIN))).status).toBe(500);
  });

  test("so is one without an e-mail address or a name; it still has a status", async () => {
    const odd: [object, RegExp][] = [
      [{ email: "e@x.example", name: null }, /: name must be a string/],
      [{ name: "n" }, /: email must be an address/],
      [{ email: "e@x.example", name: "n", timeZone: "Mars/Phobos" }, /: timeZone must be/],
    ];
    for (const [fields, expected] of odd) {
      const told: unknown[] = [];
      const app = createApp({
        handlers: {
          authenticate: () => ({ userId: "ada", ...fields }),
          onError: ({ error }) => void told.push(error),
        },
      });
      const { oauthConnectUrl, refresh, status } = app.handlers;
      expect((await oauthConnectUrl(new Request(`${ORIGIN}?type=google`))).status).toBe(500);
      expect((await refresh(new Request(ORIGIN))).status).toBe(500);
      expect(told).toHaveLength(2);
      for (const error of told) {
        expect(error).toBeInstanceOf(CalValidationError);
        expect((error as Error).message).toMatch("authenticate() must return { userId, email, name }");
        expect((error as Error).message).toMatch(expected);
      }
      expect((await status(new Request(ORIGIN))).status).toBe(200);
    }
  });

  test("so is a number for the user's id", async () => {
    const app = createApp({
      handlers: { authenticate: () => ({ userId: 5, email: "e@x.example" }) as never },
    });
    expect((await app.handlers.status(new Request(ORIGIN))).status).toBe(500);
    expect(app.log.join()).toContain("If it is a number: String(id).");
  });

  test("an address that is another user's", async () => {
    const app = createApp({
      handlers: {
        authenticate: (request) => ({
          userId: request.headers.get("x-user") ?? "",
          email: "same@users.example",
          name: "n",
        }),
      },
    });
    const refresh = (user: string) =>
      app.handlers.refresh(new Request(ORIGIN, { headers: { "x-user": user } }));
    expect((await refresh("one")).status).toBe(200);
    const other = await refresh("two");
    expect(other.status).toBe(409);
    expect((await other.json()).error.code).toBe("conflict");
  });
});
