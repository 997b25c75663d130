import { describe, expect, test } from "vitest";
import { CalNetworkError } from "../../../src/errors.js";
import { endOf, ORIGIN, withoutAttempts, type Browser } from "../../support/handlers-app.js";
import {
  browserOf,
  CALLBACK,
  connectCalendar,
  consent,
  createLinkingApp,
  linkAccount,
  startLink,
  statusOf,
  type LinkingApp,
  type LinkingAppOptions,
} from "../../support/linking-app.js";

const grants: [string, LinkingAppOptions][] = [
  ["strict server, confidential client", { mode: "strict", kind: "confidential" }],
  ["strict server, public client", { mode: "strict", kind: "public" }],
  ["lenient server, confidential client", { mode: "lenient", kind: "confidential" }],
  ["lenient server, public client", { mode: "lenient", kind: "public" }],
  ["a store that keeps no attempts", { kind: "public", wrapStore: withoutAttempts }],
  ["both kinds of users", { kind: "public", newUsers: "oauth" }],
];

describe.each(grants)("one click on “Connect Google Calendar” (%s)", (_name, options) => {
  test("links the account, connects the calendar, and ends on the application's page", async () => {
    const app = createLinkingApp(options);
    const ada = browserOf(app, "ada");
    expect(await statusOf(ada)).toEqual({
      hasConnectedCalendars: false,
      calendars: [],
      calAccount: null,
      linkable: true,
    });

    const authorizeUrl = await ada.start("google", "&returnUrl=/settings");
    expect(authorizeUrl).toMatch(app.emulator.oauth2.authorizeUrl);
    expect(new URL(authorizeUrl).searchParams.get("redirect_uri")).toBe(CALLBACK);
    const toProvider = await ada.visit(await consent(app, authorizeUrl));
    expect(toProvider.status).toBe(303);
    const authUrl = toProvider.headers.get("location")!;
    const { redirectTo } = await app.emulator.provider.authorize(authUrl, { account: "alice" });
    expect(endOf(await ada.visit(redirectTo))).toEqual({
      page: "/settings",
      calAccount: "linked",
      calendarType: "google",
      connected: "true",
    });

    const { calAccount, calendars, hasConnectedCalendars } = await statusOf(ada);
    expect(calAccount).toMatchObject({
      grant: "oauth",
      email: "ada@cal.example",
      missingScopes: [],
      reauthorization: null,
    });
    expect(calAccount).not.toHaveProperty("calUserId");
    expect(hasConnectedCalendars).toBe(true);
    expect(calendars).toMatchObject([{ email: "alice@gmail.example", connected: true }]);
    expect(app.told.linked).toMatchObject([
      { userId: "ada", calUserId: app.people.ada.id, email: "ada@cal.example" },
    ]);
    expect(app.told.connected).toMatchObject([{ userId: "ada", provider: "google" }]);
    expect(app.told.errors).toEqual([]);
    // The next calendar needs no link any more.
    expect(await ada.start("office365")).not.toMatch(app.emulator.oauth2.authorizeUrl);
  });
});

describe("after the account is linked", () => {
  test("a calendar that it has already is connected without the provider's page", async () => {
    const app = createLinkingApp();
    app.emulator.calendars.connect(app.people.ada.id, "google", "alice");
    const ada = browserOf(app, "ada");
    expect(await connectCalendar(app, ada)).toEqual({
      page: "/connected",
      calAccount: "linked",
      calendarType: "google",
      connected: "true",
    });
    expect(app.told.connected).toMatchObject([
      { provider: "google", connections: [{ email: "alice@gmail.example" }] },
    ]);
  });

  test("a calendar of the other provider does not count", async () => {
    const app = createLinkingApp();
    app.emulator.calendars.connect(app.people.ada.id, "office365", "alice");
    const back = await connectCalendar(app, browserOf(app, "ada"));
    expect(back).toMatchObject({ page: "/connected", connected: "true" });
    expect(app.emulator.calendars.credentials(app.people.ada.id)).toHaveLength(2);
  });

  test("consent that is denied at the provider leaves the link", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const toProvider = await ada.visit(await consent(app, await ada.start("google")));
    const denied = await app.emulator.provider.authorize(toProvider.headers.get("location")!, { deny: true });
    expect(endOf(await ada.visit(denied.redirectTo))).toMatchObject({
      page: "/failed",
      calAccount: "linked",
      connected: "false",
      reason: "not_connected",
    });
    expect((await statusOf(ada)).calAccount).toMatchObject({ grant: "oauth" });
  });

  test("Cal.com fails: the account is linked, and the message says that the calendar is not connected", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await ada.start("google"));
    app.emulator.inject({ path: "/calendars/google/connect", effect: { status: 500 } });
    expect(endOf(await ada.visit(callback))).toEqual({
      page: "/failed",
      calAccount: "linked",
      calendarType: "google",
      connected: "false",
      reason: "unavailable",
    });
    expect(app.told.errors).toMatchObject([{ handler: "oauthCallback", userId: "ada" }]);
    expect(await connectCalendar(app, ada)).toMatchObject({ page: "/connected", connected: "true" });
  });

  test("an error in onLinked is an error for the user; loading the page again calls it again, without the code", async () => {
    let calls = 0;
    const onLinked = (): void => {
      calls += 1;
      if (calls === 1) throw new Error("the database is down");
    };
    const app = createLinkingApp({ handlers: { onLinked } });
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    expect(endOf(await ada.visit(callback))).toMatchObject({ calAccount: "error", reason: "internal_error" });
    expect((await statusOf(ada)).calAccount).toMatchObject({ grant: "oauth" });
    const exchanges = app.exchanges();
    expect(endOf(await ada.visit(callback))).toEqual({ page: "/connected", calAccount: "linked" });
    expect(calls).toBe(2);
    expect(app.exchanges()).toBe(exchanges);
    expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "used_state" });
  });
});

describe("GET /oauth/authorize-url", () => {
  test("links without a calendar", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    expect(await linkAccount(app, ada, "ada", "?returnUrl=/account")).toEqual({
      page: "/account",
      calAccount: "linked",
    });
    expect((await statusOf(ada)).calAccount).toMatchObject({ email: "ada@cal.example" });
  });

  test("is not there without an OAuth client, and neither are the other two", async () => {
    const { createApp, createBrowser } = await import("../../support/handlers-app.js");
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const responses = [
      await ada.fetch("/oauth/authorize-url"),
      await ada.fetch("/oauth/callback?code=c&state=s"),
      await ada.post("/oauth/callback", { code: "c", state: "s" }),
    ];
    for (const response of responses) {
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({ error: { code: "not_found" } });
    }
    expect(await (await ada.post("/oauth/unlink", {})).json()).toEqual({
      success: true,
      data: { unlinked: false },
    });
  });

  test.each(["replace=true", "takeOver=0", "replace=1&replace=1"])("rejects %s", async (query) => {
    const response = await browserOf(createLinkingApp(), "ada").fetch(`/oauth/authorize-url?${query}`);
    expect(response.status).toBe(400);
  });

  test("needs a session", async () => {
    const response = await browserOf(createLinkingApp(), "ada").signOut().fetch("/oauth/authorize-url");
    expect(response.status).toBe(401);
  });
});

describe("POST /oauth/callback, for a page that is the redirect URI", () => {
  /** The parameters with which Cal.com sends the browser to the page. */
  const parametersOf = (url: string) => Object.fromEntries(new URL(url).searchParams);

  test("links, and says where to go on", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = parametersOf(await consent(app, await ada.start("google")));
    const response = await ada.post("/oauth/callback", callback);
    const { data } = (await response.json()) as { data: { authUrl: string } };
    expect(data).toMatchObject({
      linked: true,
      calAccount: { grant: "oauth", email: "ada@cal.example" },
      calendarType: "google",
      connected: false,
    });
    const { redirectTo } = await app.emulator.provider.authorize(data.authUrl);
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ connected: "true" });
  });

  test("says what was not linked, and why", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const denied = parametersOf(await consent(app, await startLink(ada), { deny: true }));
    expect(await (await ada.post("/oauth/callback", denied)).json()).toEqual({
      success: true,
      data: {
        linked: false,
        reason: "access_denied",
        message: "Access to the Cal.com account was not granted.",
      },
    });
    const again = await ada.post("/oauth/callback", denied);
    expect([again.status, (await again.json()).error.code]).toEqual([409, "used_state"]);
  });

  test("its address is the option linkRedirectUri, character for character", async () => {
    const page = `${ORIGIN}/linked?tab=1`;
    const app = createLinkingApp({ handlers: { linkRedirectUri: page } });
    const url = await startLink(browserOf(app, "ada"));
    expect(new URL(url).searchParams.get("redirect_uri")).toBe(page);
  });
});

describe("an account that can't be linked: a reason, and a way out", () => {
  test("access denied at Cal.com", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const denied = await consent(app, await ada.start("google"), { deny: true });
    expect(endOf(await ada.visit(denied))).toEqual({
      page: "/failed",
      calAccount: "error",
      calendarType: "google",
      connected: "false",
      reason: "access_denied",
    });
    expect(app.told.errors).toEqual([]);
    expect(await connectCalendar(app, ada)).toMatchObject({ connected: "true" });
  });

  test("another account than the linked one: the old link stays, until the user wants to change it", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada, "ada");
    expect(await linkAccount(app, ada, "grace")).toEqual({
      page: "/failed",
      calAccount: "error",
      reason: "different_cal_account",
    });
    expect((await statusOf(ada)).calAccount).toMatchObject({ email: "ada@cal.example" });
    expect(await linkAccount(app, ada, "grace", "?replace=1")).toMatchObject({ calAccount: "linked" });
    expect((await statusOf(ada)).calAccount).toMatchObject({ email: "grace@cal.example" });
  });

  test("an account that another user has linked: it stays theirs, until the user confirms", async () => {
    const app = createLinkingApp();
    const old = browserOf(app, "ada");
    const ada = browserOf(app, "ada2");
    await linkAccount(app, old);
    expect(await linkAccount(app, ada)).toMatchObject({ reason: "cal_account_in_use" });
    expect(app.told.errors).toMatchObject([
      { handler: "oauthCallback", reason: "cal_account_in_use", userId: "ada2" },
    ]);
    expect((await statusOf(old)).calAccount).toMatchObject({ grant: "oauth" });
    expect(await linkAccount(app, ada, "ada", "?takeOver=1")).toMatchObject({ calAccount: "linked" });
    expect((await statusOf(old)).calAccount).toBeNull();
    expect((await statusOf(ada)).calAccount).toMatchObject({ email: "ada@cal.example" });
  });

  test("a team: choose yourself", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const teamId = app.emulator.people.createTeam(app.people.ada.id, { name: "Engines" });
    const url = `${await startLink(ada)}&show_account_selector=true`;
    const callback = await consent(app, url, { teamId });
    expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "team_account_not_supported" });
    expect((await statusOf(ada)).calAccount).toBeNull();
    expect(await linkAccount(app, ada)).toMatchObject({ calAccount: "linked" });
  });

  test("a code that has expired: start again", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = new URL(await consent(app, await startLink(ada)));
    callback.searchParams.set("code", "x".repeat(54));
    expect(endOf(await ada.visit(callback.href))).toMatchObject({ reason: "code_rejected" });
    expect(await linkAccount(app, ada)).toMatchObject({ calAccount: "linked" });
  });

  test("a client that Cal.com refuses: the application hears why", async () => {
    const app = createLinkingApp({ oauth: { clientSecret: "not-the-secret" } });
    const ada = browserOf(app, "ada");
    expect(await linkAccount(app, ada)).toMatchObject({ reason: "client_rejected" });
    const [event] = app.told.errors;
    expect(event).toMatchObject({ handler: "oauthCallback", reason: "client_rejected" });
    expect(event!.redactedError.message).toContain("invalid_client_credentials");
  });

  test.each(["invalid_scope", "server_error", "invalid_request", "<script>"])(
    "Cal.com's page leads back with %s: the application hears it",
    async (error) => {
      const app = createLinkingApp();
      const ada = browserOf(app, "ada");
      const state = new URL(await startLink(ada)).searchParams.get("state")!;
      const query = new URLSearchParams({ error, error_description: "words of theirs", state }).toString();
      const back = await ada.visit(`${CALLBACK}?${query}`);
      expect(endOf(back)).toMatchObject({ page: "/failed", reason: "client_rejected" });
      expect(back.headers.get("location")).not.toContain("theirs");
      const message = app.told.errors[0]!.redactedError.message;
      expect(message).toContain(error === "<script>" ? "an unknown error" : error);
    },
  );

  test("Cal.com can't be reached: start again", async () => {
    let isDown = false;
    const app: LinkingApp = createLinkingApp({
      client: {
        fetch: (...request) =>
          isDown ? Promise.reject(new CalNetworkError("down")) : app.emulator.fetch(...request),
      },
    });
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    isDown = true;
    expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "unavailable" });
    isDown = false;
    // Whether Cal.com has got the code is not known, so it is not sent twice.
    expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "used_state" });
    const next = await consent(app, await startLink(ada));
    expect(endOf(await ada.visit(next))).toMatchObject({ calAccount: "linked" });
  });

  test.each([{}, { code: "  " }])("no code (%j): start again", async (parameters) => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const state = new URL(await startLink(ada)).searchParams.get("state")!;
    const query = new URLSearchParams({ ...parameters, state }).toString();
    expect(endOf(await ada.visit(`${CALLBACK}?${query}`))).toMatchObject({ reason: "code_rejected" });
    expect(app.exchanges()).toBe(0);
  });
});

test("failures that stay on Cal.com's page leave nothing stuck: the user starts again", async () => {
  const app = createLinkingApp();
  const ada = browserOf(app, "ada");
  app.emulator.oauth2.clients.review("app", "pending");
  for (let click = 0; click < 3; click += 1) {
    const { redirectTo, reason } = await app.emulator.oauth2.authorize(await ada.start("google"));
    expect([redirectTo, reason]).toEqual([null, "client_not_approved"]);
    expect(await statusOf(ada)).toMatchObject({ calAccount: null, calendars: [] });
  }
  app.emulator.oauth2.clients.review("app", "approved");
  expect(await connectCalendar(app, ada)).toMatchObject({ connected: "true" });
});

describe("POST /oauth/unlink", () => {
  test("forgets the account, and changes nothing at Cal.com", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    expect(await (await ada.post("/oauth/unlink", {})).json()).toEqual({
      success: true,
      data: { unlinked: true },
    });
    expect(await statusOf(ada)).toMatchObject({ calAccount: null, calendars: [] });
    expect(app.told.unlinked).toMatchObject([
      { userId: "ada", calUserId: app.people.ada.id, email: "ada@cal.example" },
    ]);
    expect(app.emulator.calendars.credentials(app.people.ada.id)).toHaveLength(1);
    expect((await (await ada.post("/oauth/unlink", {})).json()).data).toEqual({ unlinked: false });
    // Linked again, the calendar is still there.
    expect(await connectCalendar(app, ada)).toMatchObject({ calAccount: "linked", connected: "true" });
  });

  test("does nothing to a managed user", async () => {
    const app = createLinkingApp({ newUsers: "managed" });
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    expect((await (await ada.post("/oauth/unlink", {})).json()).data).toEqual({ unlinked: false });
    expect(await statusOf(ada)).toMatchObject({
      calAccount: { grant: "managed" },
      hasConnectedCalendars: true,
    });
  });

  test("takes JSON only", async () => {
    const response = await browserOf(createLinkingApp(), "ada").fetch("/oauth/unlink", { method: "POST" });
    expect(response.status).toBe(415);
  });
});

describe("a user who has not linked", () => {
  test.each([
    ["POST /calendars/apple-credentials", "/calendars/apple-credentials", { username: "a", password: "b" }],
    ["GET /refresh", "/refresh", undefined],
  ])("is told so by %s", async (_name, path, body) => {
    const ada = browserOf(createLinkingApp(), "ada");
    const response = await (body ? ada.post(path, body) : ada.fetch(path));
    expect([response.status, (await response.json()).error.code]).toEqual([409, "not_linked"]);
  });

  test("has nothing connected", async () => {
    const ada = browserOf(createLinkingApp(), "ada");
    const sync = await (await ada.post("/calendars/sync-credentials", { calendarType: "google" })).json();
    expect(sync.data).toMatchObject({ connected: false, reason: "not_connected" });
    const ended = await ada.post("/calendars/disconnect", { calendarType: "google", credentialId: 3 });
    expect((await ended.json()).data).toMatchObject({ disconnected: [] });
  });

  test("needs no address and no name: authenticate() may return the id alone", async () => {
    const app = createLinkingApp({ handlers: { authenticate: () => ({ userId: "ada" }) } });
    const ada = browserOf(app, "ada");
    expect(await connectCalendar(app, ada)).toMatchObject({ connected: "true" });
  });
});

test("disconnecting in the user's own account needs the connection, and says so", async () => {
  const app = createLinkingApp();
  const ada = browserOf(app, "ada");
  await connectCalendar(app, ada);
  const response = await ada.post("/calendars/disconnect", { calendarType: "google" });
  expect(response.status).toBe(400);
  expect((await response.json()).error.message).toContain("Give the credentialId");
  const { id } = app.emulator.calendars.credentials(app.people.ada.id)[0]!;
  const ended = await ada.post("/calendars/disconnect", { calendarType: "google", credentialId: id });
  expect((await ended.json()).data.disconnected).toEqual([{ credentialId: id }]);
});

test("in a popup the flow ends in a page that reports to the page that opened it", async () => {
  const app = createLinkingApp();
  const ada = browserOf(app, "ada");
  const popup = "0123456789abcdef0123";
  const linked = await ada.visit(await consent(app, await startLink(ada, `?popup=${popup}`)));
  expect(linked.status).toBe(200);
  expect(linked.headers.get("content-security-policy")).toContain("default-src 'none'");
  const page = await linked.text();
  expect(page).toContain(`data-id="${popup}" data-returned="calAccount=linked"`);
  // With a calendar, the provider's page comes in between.
  const toProvider = await ada.visit(await consent(app, await startLinkWithCalendar(ada, popup)));
  const { redirectTo } = await app.emulator.provider.authorize(toProvider.headers.get("location")!);
  expect(await (await ada.visit(redirectTo)).text()).toContain("calAccount=linked&amp;calendarType=google");
});

/** Unlinks, and starts to link again with a calendar. */
async function startLinkWithCalendar(browser: Browser, popup: string): Promise<string> {
  await browser.post("/oauth/unlink", {});
  return browser.start("google", `&popup=${popup}`);
}
