import { expect } from "vitest";
import { expectNoSecrets, meet, watchSecrets, type WalkedApp } from "./walk.js";

/**
 * The whole flow of users with own Cal.com accounts, as two browsers go it, over HTTP. Fails at the first step that is
 * not as it should be.
 */
export async function walkLinking(app: WalkedApp): Promise<void> {
  const { emulator, origin, page } = app;
  const secrets = watchSecrets(emulator);
  const ada = meet(app, secrets);
  const grace = meet(app, secrets);
  await ada.signIn("ada");
  await grace.signIn("grace");
  const allow = async (url: string, person = "ada"): Promise<string> =>
    (await emulator.oauth2.authorize(url, { person })).redirectTo!;
  /** Where a callback leads the browser. */
  const follow = async (person: typeof ada, url: string): Promise<string> => {
    const response = await person.visit(url);
    expect(response.status).toBe(303);
    return response.headers.get("location")!;
  };
  const pageWith = (query: string): string => `${origin}${page}?${query}`;

  expect(await ada.read("/calendars/status")).toMatchObject({ calAccount: null, calendars: [] });

  // She says no at Cal.com.
  const denied = await emulator.oauth2.authorize(await ada.start("google"), { deny: true });
  expect(await follow(ada, denied.redirectTo!)).toBe(
    pageWith("calAccount=error&calendarType=google&connected=false&reason=access_denied"),
  );
  // Another user comes back: nothing is linked for either of them.
  expect(await follow(grace, await allow(await ada.start("google")))).toBe(
    pageWith("calAccount=error&calendarType=google&connected=false&reason=wrong_user"),
  );
  expect((await grace.read("/calendars/status")).calAccount).toBeNull();

  // One click: Cal.com's page, the provider's page, the application's page.
  const callback = await allow(await ada.start("google"));
  const authUrl = await follow(ada, callback);
  const google = await emulator.provider.authorize(authUrl, { account: "alice" });
  expect(await follow(ada, google.redirectTo)).toBe(
    pageWith("calAccount=linked&calendarType=google&connected=true"),
  );
  expect(await follow(ada, callback)).toContain("reason=used_state");
  // The next provider, without Cal.com's page; straight from the provider.
  const office = await emulator.provider.authorize(await ada.start("office365"), {
    account: "bob",
    stopBeforeCallback: true,
  });
  const query = new URLSearchParams({ code: office.code!, state: office.state! }).toString();
  await ada.comesBack(`${ada.api}/office-oauth-redirect?${query}`, { calendarType: "office365" });
  expect(await ada.accounts()).toEqual(["alice", "bob"]);
  expect((await ada.read("/calendars/status")).calAccount).toMatchObject({
    grant: "oauth",
    email: "ada@cal.example",
  });

  // Half an hour passes.
  secrets.note();
  const refreshes = { method: "POST", path: "/auth/oauth2/token" } as const;
  const refreshedBefore = emulator.count(refreshes);
  const person = emulator.people.list().find(({ email }) => email.startsWith("ada"))!;
  emulator.oauth2.expireAccessTokens(person.id);
  expect(await ada.accounts()).toEqual(["alice", "bob"]);
  expect(emulator.count(refreshes)).toBe(refreshedBefore + 1);

  // The account is another user's: a page posts what Cal.com sent it.
  const { authUrl: graces } = await grace.read("/oauth/authorize-url");
  const parameters = Object.fromEntries(new URL(await allow(graces)).searchParams);
  expect(await grace.post("/oauth/callback", parameters)).toMatchObject({
    linked: false,
    reason: "cal_account_in_use",
  });
  const { authUrl: own } = await grace.read("/oauth/authorize-url");
  const linked = await grace.post(
    "/oauth/callback",
    Object.fromEntries(new URL(await allow(own, "grace")).searchParams),
  );
  expect(linked).toMatchObject({ linked: true, calAccount: { email: "grace@cal.example" } });
  expect(await grace.accounts()).toEqual([]);

  // She ends the link; linked again, her calendars are still there.
  expect((await ada.post("/oauth/unlink", {})).unlinked).toBe(true);
  expect(await ada.accounts()).toEqual([]);
  expect(await follow(ada, await allow(await ada.start("google")))).toBe(
    pageWith("calAccount=linked&calendarType=google&connected=true"),
  );
  expect(await ada.accounts()).toEqual(["alice", "bob"]);
  expectNoSecrets([ada, grace], secrets);
}
