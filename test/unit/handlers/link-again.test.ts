import { describe, expect, test } from "vitest";
import { CalClient } from "../../../src/index.js";
import { authenticate, endOf, ORIGIN, ownCallback } from "../../support/handlers-app.js";
import {
  browserOf,
  connectCalendar,
  consent,
  createLinkingApp,
  linkAccount,
  startLink,
  statusOf,
  type LinkingApp,
} from "../../support/linking-app.js";

const MINUTE = 60_000;

/** Cal.com refuses the refresh token from now on, and the access token is used up. */
function endTokens(app: LinkingApp): void {
  app.emulator.oauth2.revokeRefreshTokens(app.people.ada.id);
  app.emulator.clock.advance(31 * MINUTE);
}

describe("a link that has ended", () => {
  test("the status says so, and one click links again: the calendars are still there", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    endTokens(app);

    const ended = await statusOf(ada);
    expect(ended).toMatchObject({
      calendars: [],
      hasConnectedCalendars: false,
      calAccount: { email: "ada@cal.example", reauthorization: { reason: "revoked", worksUntil: null } },
    });
    const since = (ended.calAccount as { reauthorization: { since: string } }).reauthorization.since;
    expect(new Date(since).toISOString()).toBe(since);
    expect(await connectCalendar(app, ada)).toEqual({
      page: "/connected",
      calAccount: "linked",
      calendarType: "google",
      connected: "true",
    });
    expect(await statusOf(ada)).toMatchObject({
      hasConnectedCalendars: true,
      calAccount: { reauthorization: null },
    });
  });

  test("while the old token still works, the connect URL links again all the same", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    app.emulator.oauth2.revokeRefreshTokens(app.people.ada.id);
    // Ten minutes before the end of the token it is refreshed.
    app.emulator.clock.advance(22 * MINUTE);
    await statusOf(ada);
    await app.cal.close();
    const { calAccount, hasConnectedCalendars } = await statusOf(ada);
    expect(hasConnectedCalendars).toBe(true);
    expect(calAccount).toMatchObject({ reauthorization: { worksUntil: expect.any(String) } });
    expect(await ada.start("office365")).toMatch(app.emulator.oauth2.authorizeUrl);
  });

  test("is found at the connect URL first: it leads to Cal.com's page at once", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    endTokens(app);
    expect(await ada.start("google")).toMatch(app.emulator.oauth2.authorizeUrl);
  });

  test("other routes respond that it has to be linked again", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    endTokens(app);
    const responses = [
      await ada.post("/calendars/sync-credentials", { calendarType: "google" }),
      await ada.post("/calendars/disconnect", { calendarType: "google", credentialId: 1 }),
      await ada.post("/calendars/apple-credentials", { username: "a", password: "b" }),
      await ada.fetch("/refresh"),
    ];
    for (const response of responses) {
      expect([response.status, (await response.json()).error.code]).toEqual([
        409,
        "reauthorization_required",
      ]);
    }
  });

  test("while a calendar is on its way: the callback says so", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    endTokens(app);
    // The attempt itself is too old by then, which is looked at first.
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "expired_state" });
    app.emulator.clock.advance(-31 * MINUTE);
    app.emulator.oauth2.expireAccessTokens(app.people.ada.id);
    expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "reauthorization_required" });
  });

  test("an account that was deleted at Cal.com makes room for another one", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    app.emulator.people.delete(app.people.ada.id);
    expect(await statusOf(ada)).toMatchObject({
      calendars: [],
      calAccount: { reauthorization: { reason: "cal_user_gone" } },
    });
    expect(await connectCalendar(app, ada, "google", { person: "grace" })).toMatchObject({
      page: "/connected",
      calAccount: "linked",
    });
    expect((await statusOf(ada)).calAccount).toMatchObject({ email: "grace@cal.example" });
  });

  test("an account that lacks a permission for calendars is linked again, with it", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const url = new URL(await startLink(ada));
    url.searchParams.set("scope", "APPS_READ,PROFILE_READ");
    await ada.visit(await consent(app, url.href));
    expect((await statusOf(ada)).calAccount).toMatchObject({ missingScopes: ["APPS_WRITE"] });
    const apple = await ada.post("/calendars/apple-credentials", { username: "a", password: "b" });
    expect([apple.status, (await apple.json()).error.code]).toEqual([409, "missing_scope"]);
    expect(await connectCalendar(app, ada)).toMatchObject({ calAccount: "linked", connected: "true" });
    expect((await statusOf(ada)).calAccount).toMatchObject({ missingScopes: [] });
  });

  test("an account that may not even list its calendars: the status still comes", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const url = new URL(await startLink(ada));
    url.searchParams.set("scope", "PROFILE_READ");
    await ada.visit(await consent(app, url.href));
    expect(await statusOf(ada)).toMatchObject({
      calendars: [],
      calAccount: { missingScopes: ["APPS_READ", "APPS_WRITE"] },
    });
  });
});

/** The application's own callback, as the provider would call it. */
async function ownCallbackOf(stop: Promise<{ code: string | null; state: string | null }>): Promise<string> {
  const { code, state } = await stop;
  return ownCallback("google", { code, state });
}

describe("a managed user who links their own account", () => {
  const options = { newUsers: "managed", kind: "public" } as const;

  test("moves over: the new account's calendars count, and the old user stays at Cal.com until it is deleted", async () => {
    const app = createLinkingApp(options);
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    expect(await statusOf(ada)).toMatchObject({ calAccount: { grant: "managed" }, linkable: true });
    expect(await linkAccount(app, ada)).toEqual({ page: "/connected", calAccount: "linked" });
    expect(await statusOf(ada)).toMatchObject({ calAccount: { grant: "oauth" }, calendars: [] });
    expect(await connectCalendar(app, ada)).toMatchObject({ connected: "true" });
    expect(app.emulator.users.list()).toHaveLength(1);
    expect(await app.cal.forUser("ada").deletePreviousManagedUser()).toBe(true);
    expect(app.emulator.users.list()).toHaveLength(0);
    expect(await statusOf(ada)).toMatchObject({ hasConnectedCalendars: true });
  });

  test.each([true, false])(
    "a calendar that was on its way to the old Cal.com user is refused (own callback: %s)",
    async (isOwnCallback) => {
      const app = createLinkingApp(options);
      const ada = browserOf(app, "ada");
      const authUrl = await ada.start("google");
      await linkAccount(app, ada);
      app.emulator.calendars.connect(app.people.ada.id, "google", "own");
      const { provider } = app.emulator;
      const callback = isOwnCallback
        ? await ownCallbackOf(provider.authorize(authUrl, { stopBeforeCallback: true }))
        : (await provider.authorize(authUrl)).redirectTo;
      expect(endOf(await ada.visit(callback))).toMatchObject({
        page: "/failed",
        connected: "false",
        reason: "account_changed",
      });
      expect(app.told.connected).toEqual([]);
      expect(app.emulator.calendars.credentials(app.people.ada.id)).toHaveLength(1);
    },
  );

  test("the same after an account was replaced, or unlinked", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    for (const change of ["replace", "unlink"]) {
      const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
      if (change === "replace") await linkAccount(app, ada, "grace", "?replace=1");
      else await ada.post("/oauth/unlink", {});
      expect(endOf(await ada.visit(redirectTo))).toMatchObject({ reason: "account_changed" });
    }
  });

  test("with newUsers “oauth” a managed user whose account is gone links their own account", async () => {
    const app = createLinkingApp({ newUsers: "oauth" });
    expect(app.cal.grants).toEqual(["oauth", "managed"]);
    const { emulator, store } = app;
    const { clientId, clientSecret } = emulator;
    const before = new CalClient({
      managedUsers: { clientId, clientSecret },
      baseUrl: emulator.url,
      fetch: emulator.fetch,
      now: emulator.clock.now,
      tokenStore: store,
    });
    expect(before.grants).toEqual(["managed"]);
    await before.ensureUser(
      "ada",
      authenticate(new Request(ORIGIN, { headers: { cookie: "session=ada" } }))!,
    );
    const ada = browserOf(app, "ada");
    expect(await ada.start("google")).not.toMatch(app.emulator.oauth2.authorizeUrl);
    emulator.users.delete(emulator.users.list()[0]!.id);
    expect(await connectCalendar(app, ada)).toMatchObject({ calAccount: "linked", connected: "true" });
  });
});
