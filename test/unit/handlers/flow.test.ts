import { describe, expect, test } from "vitest";
import { createApp, createBrowser, endOf, ownCallback } from "../../support/handlers-app.js";

describe.each(["google", "office365"] as const)("%s", (provider) => {
  const account = provider === "google" ? "alice@gmail.example" : "bob@outlook.example";

  test("Cal.com's callback: the whole flow, from the first connect to the disconnect", async () => {
    const connected: unknown[] = [];
    const app = createApp({
      handlers: {
        onConnected: ({ userId, provider, connections }) =>
          void connected.push([userId, provider, connections.map(({ email }) => email)]),
        onDisconnected: ({ credentialIds }) => void connected.push(credentialIds.length),
      },
    });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const before = await (await ada.fetch("/calendars/status")).json();
    expect(before).toEqual({
      success: true,
      data: { hasConnectedCalendars: false, calendars: [], calAccount: null, linkable: false },
    });
    expect(app.emulator.users.list(), "a status creates no managed user").toEqual([]);

    const { redirectTo } = await app.emulator.provider.authorize(await ada.start(provider));
    const back = await ada.visit(redirectTo);

    expect(back.status).toBe(303);
    expect(endOf(back)).toEqual({ page: "/connected", calendarType: provider, connected: "true" });
    expect(connected).toEqual([["ada", provider, [account]]]);
    const status = await (await ada.fetch("/calendars/status")).json();
    expect(status.data).toMatchObject({
      hasConnectedCalendars: true,
      calendars: [{ calendarType: provider, connected: true, email: account, message: null }],
    });

    const synced = await (await ada.post("/calendars/sync-credentials", { calendarType: provider })).json();
    expect(synced.data).toMatchObject({ calendarType: provider, connected: true });
    const { credentialId } = status.data.calendars[0];
    const gone = await (
      await ada.post("/calendars/disconnect", { calendarType: provider, credentialId })
    ).json();
    expect(gone.data).toEqual({ calendarType: provider, disconnected: [{ credentialId }] });
    expect(connected[1]).toBe(1);
    expect(await app.accounts("ada")).toEqual([]);
  });

  test("a callback of the application's own, with code and state", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { code, state } = await app.emulator.provider.authorize(await ada.start(provider), {
      stopBeforeCallback: true,
    });
    const back = await ada.visit(ownCallback(provider, { code, state }));
    expect(endOf(back)).toMatchObject({ page: "/connected", connected: "true" });
    expect(await app.accounts("ada")).toEqual([account]);
  });

  test.each(["GET", "POST"])("a page that saves with %s", async (method) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { code, state } = await app.emulator.provider.authorize(await ada.start(provider), {
      stopBeforeCallback: true,
    });
    const path = "/calendars/save-oauth-cal-creds";
    const response =
      method === "POST"
        ? await ada.post(path, { code, state })
        : await ada.fetch(`${path}?${new URLSearchParams({ code: code!, state: state! }).toString()}`);
    expect(response.status).toBe(200);
    expect((await response.json()).data).toMatchObject({ calendarType: provider, connected: true });
    expect(await app.accounts("ada")).toEqual([account]);
  });

  test("a page that Cal.com's callback leads to, and that has only our state", async () => {
    const app = createApp({
      handlers: { googleRedirectUri: "/welcome-back", officeRedirectUri: "/welcome-back" },
    });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start(provider));
    const page = new URL(redirectTo);
    expect(page.pathname).toBe("/welcome-back");
    const response = await ada.post("/calendars/save-oauth-cal-creds", {
      state: page.searchParams.get("cal_state"),
    });
    expect((await response.json()).data).toMatchObject({ connected: true });
  });

  test("consent denied, by Cal.com's callback and by the application's own", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start(provider), { deny: true });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/failed", reason: "not_connected" });

    const { callbackUrl } = await app.emulator.provider.authorize(await ada.start(provider), {
      deny: true,
      stopBeforeCallback: true,
    });
    const state = new URL(callbackUrl).searchParams.get("state");
    const back = await ada.visit(ownCallback(provider, { error: "access_denied", state }));
    expect(endOf(back)).toMatchObject({ page: "/failed", connected: "false", reason: "access_denied" });
  });

  test("status and sync report a revoked account with the same reason", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.visit((await app.emulator.provider.authorize(await ada.start(provider))).redirectTo);
    app.emulator.provider.revoke({ userId: await app.managedUserId("ada"), provider });
    // Cal.com reports Microsoft's revocations in the words of an outage.
    const reason = provider === "google" ? "revoked" : "unavailable";
    // Cal.com does not tell the address of an account that it can't read: it was seen a moment ago.
    const email = provider === "google" ? "alice@gmail.example" : "bob@outlook.example";
    const broken = await (await ada.fetch("/calendars/status")).json();
    expect(broken.data).toMatchObject({
      hasConnectedCalendars: false,
      calendars: [{ connected: false, reason, email }],
    });
    const synced = await (await ada.post("/calendars/sync-credentials", { calendarType: provider })).json();
    expect(synced.data).toMatchObject({
      connected: false,
      reason,
      calendars: [{ connected: false, reason, email }],
    });
  });

  test("a token that would not outlive the consent page is refreshed first", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.start(provider);
    app.emulator.clock.advance(50 * 60_000);
    await ada.start(provider);
    expect(app.emulator.count({ path: /\/refresh$/ })).toBe(1);
  });
});

test("Google's code that comes without access to calendars is not a connection", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const { code, state } = await app.emulator.provider.authorize(await ada.start("google"), {
    withoutCalendarScope: true,
    stopBeforeCallback: true,
  });
  const back = await ada.visit(ownCallback("google", { code, state }));
  expect(endOf(back)).toMatchObject({ page: "/failed", reason: "save_failed" });
});

test("attempts in several tabs do not break one another", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const urls = [await ada.start("google"), await ada.start("office365"), await ada.start("google")];
  for (const [index, url] of urls.entries()) {
    const account = ["alice", "erin", "carol"][index]!;
    const { redirectTo } = await app.emulator.provider.authorize(url, { account });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
  }
  expect(await app.accounts("ada")).toEqual([
    "alice@gmail.example",
    "erin@outlook.example",
    "carol@gmail.example",
  ]);
});

test("a browser keeps the cookies of running attempts, and of others up to eight", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const countCookies = async () => {
    const cookies = await ada.jar.getCookies("https://app.example/");
    return cookies.filter(({ key }) => key.startsWith("__Host-calbridge-")).length;
  };
  for (let i = 0; i < 12; i += 1) await ada.start("google");
  expect(await countCookies()).toBe(12);
  app.emulator.clock.advance(11 * 60_000);
  await ada.start("google");
  expect(await countCookies()).toBe(8);
});

test("a browser with too many running attempts has to wait, and can finish the ones it has", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const first = await ada.start("google");
  for (let i = 0; i < 23; i += 1) await ada.start("office365");
  const refused = await ada.fetch("/calendars/oauth-connect-url?type=google");
  expect(refused.status).toBe(429);
  expect(refused.headers.get("retry-after")).toBe("600");
  expect((await refused.json()).error.code).toBe("rate_limited");
  const { redirectTo } = await app.emulator.provider.authorize(first);
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
  app.emulator.clock.advance(11 * 60_000);
  await ada.start("google");
});

test("returnUrl replaces both pages", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const start = () => ada.start("google", "&returnUrl=%2Fsettings%3Ftab%3D2%23cal");
  const denied = await app.emulator.provider.authorize(await start(), { deny: true });
  const refused = await ada.visit(denied.redirectTo);
  expect(refused.headers.get("location")).toBe(
    "https://app.example/settings?tab=2&calendarType=google&connected=false&reason=not_connected#cal",
  );
  const { redirectTo } = await app.emulator.provider.authorize(await start());
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({
    page: "/settings",
    tab: "2",
    connected: "true",
  });
});

test("Cal.com is down at the callback: loading the page again completes it", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
  app.emulator.inject({ path: "/calendars", effect: { status: 503 } });
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/failed", reason: "unavailable" });
  expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
});

test("Apple's calendar is connected by its password", async () => {
  const connected: string[] = [];
  const app = createApp({ handlers: { onConnected: ({ provider }) => void connected.push(provider) } });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const username = "dave@icloud.example";
  const wrong = await ada.post("/calendars/apple-credentials", { username, password: "wrong-password" });
  expect(wrong.status).toBe(400);
  expect(await wrong.json()).toMatchObject({ success: false, error: { code: "invalid_credentials" } });
  const right = await ada.post("/calendars/apple-credentials", { username, password: "good-app-pass" });
  // Cal.com has cached the list of a new user for ten seconds: connected, but not listed yet.
  expect((await right.json()).data).toMatchObject({
    calendarType: "apple",
    connected: true,
    calendars: [{ calendarType: "apple", credentialId: 0 }],
  });
  app.emulator.clock.advance(10_000);
  expect(connected).toEqual(["apple"]);
  expect(await app.accounts("ada")).toEqual([username]);
});

describe("Apple's calendar, before Cal.com lists it", () => {
  const credentials = { username: "dave@icloud.example", password: "good-app-pass" };

  test("is connected and not listed yet, on every route and every server", async () => {
    const told: unknown[] = [];
    const app = createApp({ handlers: { onConnected: ({ connections }) => void told.push(connections) } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.fetch("/refresh");
    await ada.fetch("/calendars/status");
    const connected = await (await ada.post("/calendars/apple-credentials", credentials)).json();
    expect(connected.data).toMatchObject({ calendarType: "apple", connected: true, listed: false });
    expect(told).toEqual([[]]);
    for (const handlers of [app.handlers, app.sibling()]) {
      const browser = createBrowser(handlers.handle).signIn("ada");
      const status = await (await browser.fetch("/calendars/status")).json();
      expect(status.data).toMatchObject({
        hasConnectedCalendars: true,
        calendars: [{ calendarType: "apple", credentialId: 0, connected: true }],
      });
      const synced = await browser.post("/calendars/sync-credentials", { calendarType: "apple" });
      expect((await synced.json()).data).toMatchObject({ connected: true, listed: false });
    }
    app.emulator.clock.advance(10_001);
    const [listed] = (await (await ada.fetch("/calendars/status")).json()).data.calendars;
    expect(listed.credentialId).toBeGreaterThan(0);
    await ada.post("/calendars/disconnect", { calendarType: "apple" });
    app.emulator.clock.advance(1_000);
    expect((await (await ada.fetch("/calendars/status")).json()).data.calendars).toEqual([]);
  });

  test("of an account that can't be read: not connected, and nothing is removed", async () => {
    const told: unknown[] = [];
    const app = createApp({ handlers: { onConnected: (event) => void told.push(event) } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    await ada.post("/calendars/apple-credentials", credentials);
    app.emulator.provider.break("apple");
    const again = await ada.post("/calendars/apple-credentials", {
      ...credentials,
      password: "new-password",
    });
    expect((await again.json()).data).toMatchObject({ connected: false, reason: "unavailable" });
    expect(told).toHaveLength(1);
    expect(await app.accounts("ada")).toEqual([credentials.username]);
  });
});

test("refresh returns a token of the user's own, for Cal.com's components", async () => {
  const app = createApp();
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const { accessToken } = (await (await ada.fetch("/refresh")).json()) as { accessToken: string };
  const { accessTokens } = app.emulator.users.tokens(await app.managedUserId("ada"));
  expect(accessTokens).toContain(accessToken);
  app.emulator.clock.advance(56 * 60_000);
  const next = (await (await ada.fetch("/refresh")).json()) as { accessToken: string };
  expect(next.accessToken).not.toBe(accessToken);
});
