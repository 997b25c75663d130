import { describe, expect, test } from "vitest";
import {
  connectGoogle,
  createApp,
  createBrowser,
  endOf,
  lure,
  ORIGIN,
  ownCallback,
  withoutAttempts,
  type App,
} from "../support/handlers-app.js";

const MINUTE = 60_000;

/** Cal.com refuses Mallory's calls for a minute. */
async function spendRequests(app: App): Promise<void> {
  const { calendars } = app.cal.forUser("mallory");
  for (;;) {
    const isRefused = await calendars.list().then(
      () => false,
      () => true,
    );
    if (isRefused) return;
  }
}

describe("wants a working calendar disconnected, by an old callback URL: what was seen working stays", () => {
  test.each([30, 59, 69, 71, 180, 24 * 60 + 1])(
    "that is opened without cookies on another server %i minutes later",
    async (minutes) => {
      const app = createApp();
      const { redirectTo } = await connectGoogle(app, "ada");
      app.emulator.clock.advance(minutes * MINUTE);
      const back = await createBrowser(app.sibling().handle).visit(redirectTo);
      expect(endOf(back)).toMatchObject({ page: "/failed" });
      expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
    },
  );

  test.each(["status", "sync", "another attempt"])("of a forgotten tab: seen by %s", async (how) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const forgotten = await ada.start("google");
    if (how === "another attempt") {
      await ada.visit((await app.emulator.provider.authorize(await ada.start("google"))).redirectTo);
    } else {
      app.emulator.calendars.connect(await app.managedUserId("ada"), "google", "alice");
      if (how === "status") await ada.fetch("/calendars/status");
      else await ada.post("/calendars/sync-credentials", { calendarType: "google" });
    }
    app.emulator.clock.advance(MINUTE);
    const { redirectTo } = await app.emulator.provider.authorize(forgotten, { deny: true });
    for (const user of [null, "ada", "grace"]) {
      const stranger = createBrowser(app.sibling().handle);
      if (user) stranger.signIn(user);
      expect(endOf(await stranger.visit(redirectTo))).toMatchObject({ page: "/failed" });
    }
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });

  test("where each request has a process of its own, as on Workers", async () => {
    const app = createApp();
    const ada = createBrowser((request) => app.sibling().handle(request)).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "used_state" });
    app.emulator.clock.advance(MINUTE);
    await createBrowser((request) => app.sibling().handle(request)).visit(redirectTo);
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);

    const { redirectTo: stolen } = await app.emulator.provider.authorize(await ada.start("google"), {
      account: "carol",
    });
    const grace = createBrowser((request) => app.sibling().handle(request)).signIn("grace");
    expect(endOf(await grace.visit(stolen))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });
});

describe("the window", () => {
  test("is the life of the link's token, on every server", async () => {
    const app = createApp();
    const { redirectTo, victim } = await lure(app);
    app.emulator.clock.advance(65 * MINUTE);
    await createBrowser(app.sibling().handle).signIn("victim").visit(redirectTo);
    expect(await app.accounts("mallory")).toEqual([]);
    app.emulator.clock.advance(10 * MINUTE);
    expect(endOf(await victim.visit(redirectTo)), "nothing can be connected with it any more").toEqual({
      page: "/failed",
      calendarType: "google",
      connected: "false",
      reason: "wrong_user",
    });
  });
});

describe("wants to keep the victim's calendar, by requests that make Cal.com refuse the roll-back: it", () => {
  const routes = {
    status: (mallory) => mallory.fetch("/calendars/status"),
    sync: (mallory) => mallory.post("/calendars/sync-credentials", { calendarType: "google" }),
    "connect-url": (mallory) => mallory.fetch("/calendars/oauth-connect-url?type=google"),
    disconnect: (mallory) => mallory.post("/calendars/disconnect", { calendarType: "office365" }),
    apple: (mallory) =>
      mallory.post("/calendars/apple-credentials", {
        username: "dave@icloud.example",
        password: "good-app-pass",
      }),
    token: (mallory) => mallory.fetch("/refresh"),
  } satisfies Record<string, (mallory: ReturnType<typeof createBrowser>) => Promise<Response>>;

  test.each(Object.entries(routes))(
    "is finished before the next response of the %s route, on any server",
    async (_name, call) => {
      const app = createApp({ emulator: { rateLimits: true } });
      const { mallory, victim, redirectTo } = await lure(app);
      await spendRequests(app);
      expect(endOf(await victim.visit(redirectTo))).toEqual({
        page: "/failed",
        calendarType: "google",
        connected: "false",
        reason: "wrong_user",
        rollBack: "pending",
      });
      expect(await app.accounts("mallory"), "not yet").toEqual(["carol@gmail.example"]);

      const early = await call(mallory);
      expect(early.status, "no response until then").toBe(503);
      expect(await early.text()).not.toContain("carol");

      app.emulator.clock.advance(MINUTE);
      const other = createBrowser(app.sibling().handle).signIn("mallory");
      const late = await call(other);
      expect(late.status).toBe(200);
      expect(await late.text()).not.toContain("carol");
      expect(await app.accounts("mallory")).not.toContain("carol@gmail.example");
    },
  );

  test.each([{ status: 500 }, { status: 503 }, { status: 429 }, { reset: true }, { html: true }] as const)(
    "with %j is finished later, though the link's token has expired long since",
    async (effect) => {
      const app = createApp();
      const { mallory, victim, redirectTo } = await lure(app);
      const outage = app.emulator.inject({ path: /./, effect, times: Infinity });
      expect(endOf(await victim.visit(redirectTo))).toMatchObject({ rollBack: "pending" });
      outage.remove();
      app.emulator.clock.advance(19 * 24 * 60 * MINUTE);
      const status = await (await mallory.fetch("/calendars/status")).json();
      expect(status.data).toMatchObject({ hasConnectedCalendars: false, calendars: [] });
    },
  );

  test("is finished after the list was read, and the disconnect refused", async () => {
    const app = createApp();
    const { mallory, victim, redirectTo } = await lure(app);
    app.emulator.inject({ path: /\/disconnect$/, effect: { status: 503 }, times: 1 });
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ rollBack: "pending" });
    await mallory.fetch("/refresh");
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("is not forgotten because of others that come after it, one by one or at once", async () => {
    const app = createApp({ emulator: { rateLimits: true } });
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"), {
      account: "carol",
    });
    // Started after the victim's consent: to this attempt the victim's calendar was there before.
    const { redirectTo: later } = await app.emulator.provider.authorize(await mallory.start("google"), {
      deny: true,
    });
    await spendRequests(app);
    const nobody = createBrowser(app.handlers.handle);
    await nobody.visit(later);
    await Promise.all([nobody.visit(redirectTo), nobody.visit(later), nobody.visit(later)]);
    await nobody.visit(later);
    app.emulator.clock.advance(MINUTE);
    await mallory.fetch("/refresh");
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("leaves what was there before, and what was connected and seen before", async () => {
    const app = createApp();
    app.emulator.provider.addAccount("google", "eve@gmail.example");
    const { browser: mallory } = await connectGoogle(app, "mallory", "alice");
    const forgotten = await mallory.start("google");
    app.emulator.clock.advance(MINUTE);
    const second = await app.emulator.provider.authorize(await mallory.start("google"), { account: "eve" });
    await mallory.visit(second.redirectTo);
    app.emulator.clock.advance(MINUTE);
    const { redirectTo } = await app.emulator.provider.authorize(forgotten, { account: "carol" });
    const outage = app.emulator.inject({ path: /./, effect: { status: 503 }, times: Infinity });
    await createBrowser(app.handlers.handle).visit(redirectTo);
    outage.remove();
    app.emulator.clock.advance(19 * 24 * 60 * MINUTE);
    await mallory.fetch("/calendars/status");
    expect(await app.accounts("mallory")).toEqual(["alice@gmail.example", "eve@gmail.example"]);
  });

  test("ends with the user at Cal.com", async () => {
    const app = createApp();
    const { mallory, victim, redirectTo } = await lure(app);
    const outage = app.emulator.inject({ path: /./, effect: { status: 503 }, times: Infinity });
    await victim.visit(redirectTo);
    outage.remove();
    app.emulator.users.delete(await app.managedUserId("mallory"));
    expect((await mallory.fetch("/calendars/status")).status).toBe(200);
    expect((await mallory.fetch("/calendars/oauth-connect-url?type=google")).status).toBe(200);
  });

  test("does not let the attempt itself be completed before", async () => {
    const app = createApp();
    const { mallory, victim, redirectTo } = await lure(app);
    const outage = app.emulator.inject({ path: /./, effect: { status: 503 }, times: Infinity });
    await victim.visit(redirectTo);
    expect(endOf(await mallory.visit(redirectTo))).toMatchObject({ reason: "unavailable" });
    outage.remove();
    expect(endOf(await mallory.visit(redirectTo))).toMatchObject({ page: "/failed", reason: "try_again" });
    expect(await app.accounts("mallory")).toEqual([]);
  });
});

describe("an attacker who is faster than the victim's browser", () => {
  test("completes the attempt before the victim's callback arrives", async () => {
    const app = createApp();
    const { mallory, victim, redirectTo } = await lure(app);
    expect(endOf(await mallory.visit(redirectTo))).toMatchObject({ page: "/connected" });
    app.emulator.clock.advance(2_000);
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("completes another attempt of theirs before it arrives", async () => {
    const app = createApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const own = await mallory.start("google");
    const link = await mallory.start("google");
    const { redirectTo } = await app.emulator.provider.authorize(link, { account: "carol" });
    await mallory.visit((await app.emulator.provider.authorize(own, { deny: true })).redirectTo);
    app.emulator.clock.advance(2_000);
    await createBrowser(app.handlers.handle).signIn("victim").visit(redirectTo);
    expect(await app.accounts("mallory")).toEqual([]);
  });

  test("gives the victim's browser the cookies of their own attempts", async () => {
    const app = createApp();
    const { mallory, victim, redirectTo } = await lure(app);
    const other = await app.emulator.provider.authorize(await mallory.start("google"), { deny: true });
    const cookies = await mallory.jar.getCookies(ORIGIN);
    for (const cookie of cookies.filter(({ key }) => key.includes("calbridge"))) {
      await victim.jar.setCookie(cookie.toString(), ORIGIN);
    }
    await mallory.visit(other.redirectTo);
    app.emulator.clock.advance(2_000);
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    expect(await app.accounts("mallory")).toEqual([]);
  });
});

describe("wants the user's own attempt to end, by a page that makes the browser start others", () => {
  test.each([8, 20])("%i others end no running attempt", async (times) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const link = await ada.start("google");
    for (let i = 0; i < times; i += 1) {
      // An old browser, which sends no Sec-Fetch-Site.
      const cookie = await ada.jar.getCookieString(ORIGIN);
      const response = await app.handlers.handle(
        new Request(`${ORIGIN}/api/cal/calendars/oauth-connect-url?type=google`, { headers: { cookie } }),
      );
      for (const set of response.headers.getSetCookie()) await ada.jar.setCookie(set, ORIGIN);
    }
    const { redirectTo } = await app.emulator.provider.authorize(link);
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ page: "/connected" });
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
  });
});

describe("with a token store that can't keep attempts", () => {
  const createPlainApp = () => createApp({ wrapStore: withoutAttempts });

  test("calendars are connected all the same, once in each process", async () => {
    const app = createPlainApp();
    const { browser, redirectTo } = await connectGoogle(app, "ada");
    expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
    expect(endOf(await browser.visit(redirectTo))).toMatchObject({ reason: "used_state" });
    const second = await app.emulator.provider.authorize(await browser.start("google"), { deny: true });
    expect(endOf(await browser.visit(second.redirectTo))).toMatchObject({ reason: "not_connected" });
    expect((await browser.fetch("/calendars/status")).status).toBe(200);
  });

  test("nothing is rolled back, and the message says what to do", async () => {
    const app = createPlainApp();
    const { victim, redirectTo } = await lure(app);
    expect(endOf(await victim.visit(redirectTo))).toMatchObject({
      reason: "wrong_user",
      rollBack: "unavailable",
    });
    expect(await app.accounts("mallory")).toEqual(["carol@gmail.example"]);
    const state = new URL(redirectTo).searchParams.get("cal_state");
    const saved = await victim.post("/calendars/save-oauth-cal-creds", { state });
    expect(saved.status).toBe(403);
    expect((await saved.json()).error.message).toMatch(/Remove Cal\.com's access in your Google/);
  });

  test("with a callback of the application's own there is nothing to roll back", async () => {
    const app = createPlainApp();
    const mallory = createBrowser(app.handlers.handle).signIn("mallory");
    const victim = createBrowser(app.handlers.handle).signIn("victim");
    const { code, state } = await app.emulator.provider.authorize(await mallory.start("google"), {
      stopBeforeCallback: true,
    });
    expect(endOf(await victim.visit(ownCallback("google", { code, state })))).toEqual({
      page: "/failed",
      calendarType: "google",
      connected: "false",
      reason: "wrong_user",
    });
  });
});

test("a token store that fails meanwhile: the page says that nothing was rolled back", async () => {
  let isDown = false;
  const app = createApp({
    wrapStore: (store) => ({
      ...store,
      putAttempt: (id, options) =>
        isDown ? Promise.reject(new Error("the database is down")) : store.putAttempt(id, options),
    }),
  });
  const { victim, redirectTo } = await lure(app);
  app.emulator.inject({ path: /./, effect: { status: 503 }, times: Infinity });
  isDown = true;
  expect(endOf(await victim.visit(redirectTo))).toMatchObject({ rollBack: "unavailable" });
});
