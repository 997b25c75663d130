import { describe, expect, test } from "vitest";
import {
  connectGoogle,
  createApp,
  createBrowser,
  endOf,
  ORIGIN,
  ownCallback,
  SECRET,
} from "../support/handlers-app.js";

describe("wants a victim's calendar in their own account", () => {
  const victims = {
    "who is signed in": ["victim", "wrong_user"],
    "who is signed out": [null, "signed_out"],
    "in another browser that has the attacker's session": ["mallory", "wrong_browser"],
  } as const;

  test.each(Object.entries(victims))(
    "sends their connect link to a victim %s",
    async (_who, [as, reason]) => {
      const told: unknown[] = [];
      const app = createApp({
        handlers: { onError: ({ reason, userId }) => void told.push([reason, userId]) },
      });
      const mallory = createBrowser(app.handlers.handle).signIn("mallory");
      const victim = createBrowser(app.handlers.handle);
      if (as) victim.signIn(as);

      const link = await mallory.start("google");
      const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
      expect(await app.accounts("mallory"), "Cal.com has stored it already").toEqual(["carol@gmail.example"]);
      expect(endOf(await victim.visit(redirectTo))).toMatchObject({ page: "/failed", reason });

      expect(await app.accounts("mallory")).toEqual([]);
      expect(told).toEqual([[reason, "mallory"]]);
      expect((await (await mallory.fetch("/calendars/status")).json()).data.hasConnectedCalendars).toBe(
        false,
      );
    },
  );

  test("sends it while calendars of their own are connected: those stay", async () => {
    const app = createApp();
    const { browser: mallory } = await connectGoogle(app, "mallory");
    const link = await mallory.start("google");
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    await victim.visit(redirectTo);
    expect(await app.accounts("mallory")).toEqual(["alice@gmail.example"]);
  });

  test("sends it, and ends the same attempt in their own browser first", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const link = await mallory.start("google");
    const own = await app.emulator.provider.authorize(link, { deny: true });
    await mallory.visit(own.redirectTo);
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("sends it, and the victim takes an hour", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"));
    app.emulator.clock.advance(60 * 60_000);
    const back = await createBrowser(app.handlers.handle).signIn("victim").visit(redirectTo);
    expect(endOf(back)).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("sends it, and looks at their own status all the while", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"));
    await mallory.fetch("/calendars/status");
    await mallory.post("/calendars/sync-credentials", { calendarType: "google" });
    await createBrowser(app.handlers.handle).signIn("victim").visit(redirectTo);
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("gets the victim's code to a callback of the application's own", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    const { code, state } = await app.emulator.provider.authorize(await mallory.start("google"), {
      stopBeforeCallback: true,
    });
    expect(endOf(await victim.visit(ownCallback("google", { code, state })))).toMatchObject({
      reason: "wrong_user",
    });
    const saved = await victim.post("/calendars/save-oauth-cal-creds", { code, state });
    expect(saved.status).toBe(403);
    expect((await saved.json()).error.code).toBe("wrong_user");
    expect(app.emulator.count({ path: /\/save$/ })).toBe(0);
  });

  test("puts their own access token into a victim's state", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    const { accessToken } = (await (await mallory.fetch("/refresh")).json()) as { accessToken: string };
    const { code, state } = await app.emulator.provider.authorize(await victim.start("google"), {
      stopBeforeCallback: true,
    });
    const forged = JSON.stringify({ ...(JSON.parse(state!) as object), accessToken });
    const back = await victim.visit(ownCallback("google", { code, state: forged }));
    expect(endOf(back)).toMatchObject({ page: "/failed", reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
    expect(app.emulator.count({ path: /\/save$/ })).toBe(0);
  });
});

describe("wants a callback to count twice", () => {
  test("replays it in the same browser: nothing changes", async () => {
    const app = createApp();
    const { browser, redirectTo } = await connectGoogle(app, "ada");
    expect(endOf(await browser.visit(redirectTo))).toMatchObject({ page: "/failed", reason: "used_state" });
    expect(await app.accounts("ada"), "a reload must not end the connection").toEqual([
      "alice@gmail.example",
    ]);
  });

  test("replays one that did not work at once: the calendar stays for a check that does", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    app.emulator.inject({ path: "/calendars/google/check", effect: { status: 500 } });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "provider_error" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("replays it with the cookies of before", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const cookie = await ada.jar.getCookieString(redirectTo);
    const visit = () => app.handlers.handle(new Request(redirectTo, { headers: { cookie } }));
    expect(endOf(await visit())).toMatchObject({ page: "/connected" });
    expect(endOf(await visit())).toMatchObject({ page: "/failed", reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("replays it on another server of the application", async () => {
    const app = createApp();
    const { browser, redirectTo } = await connectGoogle(app, "ada");
    const cookie = await browser.jar.getCookieString(redirectTo);
    const back = await app.sibling().handle(new Request(redirectTo, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("consents once more with the same link, to another account", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google");
    await ada.visit((await app.emulator.provider.authorize(link)).redirectTo);
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "used_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("sends two callbacks at once: one connection is left", async () => {
    const connected: string[] = [];
    const app = createApp({ handlers: { onConnected: ({ userId }) => void connected.push(userId) } });
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const stop = { stopBeforeCallback: true } as const;
    const first = await app.emulator.provider.authorize(await ada.start("google"), stop);
    const callback = ownCallback("google", { code: first.code, state: first.state });
    const same = await Promise.all([ada.visit(callback), ada.visit(callback), ada.visit(callback)]);
    expect(same.map((response) => endOf(response).page)).toEqual(["/connected", "/connected", "/connected"]);
    expect(connected).toEqual(["ada"]);

    const starts = [await ada.start("google"), await ada.start("google")];
    const stops = await Promise.all(
      starts.map((url) => app.emulator.provider.authorize(url, { account: "carol", ...stop })),
    );
    await Promise.all(stops.map(({ code, state }) => ada.visit(ownCallback("google", { code, state }))));
    await ada.post("/calendars/sync-credentials", { calendarType: "google" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example", "carol@gmail.example"]);
  });

  test("sends two callbacks at once to two servers: one connection is left", async () => {
    const app = createApp();
    const other = app.sibling();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { code, state } = await app.emulator.provider.authorize(await ada.start("google"), {
      stopBeforeCallback: true,
    });
    const callback = ownCallback("google", { code, state });
    const cookie = await ada.jar.getCookieString(callback);
    const responses = await Promise.all(
      [app.handlers, other].map(({ handle }) => handle(new Request(callback, { headers: { cookie } }))),
    );
    expect(responses.map((response) => endOf(response).page)).toContain("/connected");
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });
});

describe("wants a state to be taken that is not good", () => {
  test("another provider's: undone", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const elsewhere = redirectTo.replace("gcal-oauth-redirect", "office-oauth-redirect");
    expect(endOf(await ada.visit(elsewhere))).toMatchObject({ reason: "invalid_state" });
    expect(await app.accounts("ada")).toEqual([]);
  });

  test("sealed with another secret", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const stranger = app.sibling({ stateSecret: "another-secret-that-is-long-enough-too" });
    const cookie = await ada.jar.getCookieString(redirectTo);
    const back = await stranger.handle(new Request(redirectTo, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
  });

  test("sealed with a secret that was replaced meanwhile: that one is good", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const rotated = app.sibling({ stateSecret: ["another-secret-that-is-long-enough-too", SECRET] });
    const cookie = await ada.jar.getCookieString(redirectTo);
    const back = await rotated.handle(new Request(redirectTo, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ connected: "true" });
  });

  test("older than ten minutes: undone", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    app.emulator.clock.advance(10 * 60_000 + 1);
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "expired_state" });
    expect(await app.accounts("ada")).toEqual([]);
  });

  test("older than a day: ignored, and nothing is rolled back", async () => {
    const app = createApp();
    const { redirectTo } = await connectGoogle(app, "ada");
    app.emulator.clock.advance(24 * 60 * 60_000 + 1);
    const back = await createBrowser(app.sibling().handle).visit(redirectTo);
    expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("a forgotten tab's: it does not end what was connected since", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const forgotten = await ada.start("google");
    app.emulator.clock.advance(11 * 60_000);
    await ada.visit((await app.emulator.provider.authorize(await ada.start("google"))).redirectTo);
    const { redirectTo } = await app.emulator.provider.authorize(forgotten, { deny: true });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "expired_state" });
    expect(await app.accounts("ada"), "its browser knows").toEqual(["alice@gmail.example"]);

    app.emulator.clock.advance(61_000);
    const scanner = createBrowser(app.handlers.handle);
    expect(endOf(await scanner.visit(redirectTo))).toMatchObject({ reason: "signed_out" });
    expect(await app.accounts("ada"), "this process knows").toEqual(["alice@gmail.example"]);
  });

  test("changed, cut, made up, or the mark of an ended one", async () => {
    const app = createApp();
    const { browser, redirectTo } = await connectGoogle(app, "ada");
    const sealed = new URL(redirectTo).searchParams.get("cal_state")!;
    const [mark] = (await browser.jar.getCookies(ORIGIN)).filter(({ key }) => key.includes("calbridge"));
    const changed = sealed.slice(0, -3) + (sealed.endsWith("AAA") ? "BBB" : "AAA");
    const values = [changed, sealed.slice(0, 40), "x", "eyJ", "{}", '{"redir":"', "null", mark!.value];
    for (const state of values) {
      expect(endOf(await browser.visit(ownCallback("google", { cal_state: state })))).toMatchObject({
        reason: "invalid_state",
      });
      const saved = await browser.post("/calendars/save-oauth-cal-creds", { state, code: "c" });
      expect(saved.status).toBe(400);
    }
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });
});
