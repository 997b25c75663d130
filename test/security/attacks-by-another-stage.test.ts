import { describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore } from "../../src/index.js";
import {
  connectGoogle,
  createApp,
  createBrowser,
  endOf,
  ORIGIN,
  ownCallback,
} from "../support/handlers-app.js";

const stages = {
  "the origin": { handlers: { appUrl: "https://staging.example" } },
  "the path": { handlers: { appUrl: `${ORIGIN}/staging` } },
  "the client at Cal.com": {
    handlers: {
      client: new CalClient({
        managedUsers: { clientId: "staging-client", clientSecret: "s" },
        tokenStore: memoryTokenStore(),
      }),
    },
  },
};

describe("wants a calendar of production disconnected, with a state of staging and no cookie", () => {
  test.each(Object.entries(stages))(
    "both have one state secret, and differ in %s",
    async (_, { handlers }) => {
      const app = createApp();
      const { redirectTo } = await connectGoogle(app, "ada");
      const production = new URL(redirectTo).searchParams.get("cal_state")!;

      // The same state in both directions: what one stage encrypts, the other does not decrypt.
      const other = app.sibling(handlers);
      for (const handle of [other.handle, other.googleOauthRedirect]) {
        const back = await handle(
          new Request(`${ORIGIN}/api/cal/gcal-oauth-redirect?cal_state=${production}`),
        );
        if (back.status === 303) expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
        else expect(back.status).toBe(404);
      }
      expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
    },
  );

  test("its own processes understand one another", async () => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"));
    const cookie = await ada.jar.getCookieString(redirectTo);
    // With and without a slash at the end of its address.
    const sibling = app.sibling({ appUrl: `${ORIGIN}/` });
    const back = await sibling.handle(new Request(redirectTo, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ connected: "true" });
  });
});

test("wants users to land on an origin that is no longer allowed, by a state that was made before", async () => {
  const app = createApp({ handlers: { allowedOrigins: ["https://old.example"] } });
  const ada = createBrowser(app.handlers.handle).signIn("ada");
  const link = await ada.start("google", `&returnUrl=${encodeURIComponent("https://old.example/x")}`);
  const { redirectTo } = await app.emulator.provider.authorize(link);
  const cookie = await ada.jar.getCookieString(redirectTo);
  const now = app.sibling({ allowedOrigins: [] });
  const back = await now.handle(new Request(redirectTo, { headers: { cookie } }));
  expect(back.headers.get("location")).toBe(`${ORIGIN}/connected?calendarType=google&connected=true`);
});

describe("wants an attempt that can't be verified, and so not rolled back, by a state that is too long", () => {
  test.each([
    ["a path of 1,000 CJK letters", `/${"漢".repeat(1000)}`, 400],
    ["a path of 1,000 letters with accents", `/${"é".repeat(1000)}`, 400],
    ["a query of 1,000 emoji", `/?q=${"🎉".repeat(500)}`, 400],
    ["a path of 100 CJK letters", `/${"漢".repeat(100)}`, 200],
    ["a path of 1,000 ASCII letters", `/${"a".repeat(1000)}`, 200],
  ])("a return URL: %s", async (_, returnUrl, status) => {
    const app = createApp();
    const ada = createBrowser(app.handlers.handle).signIn("ada");
    const query = new URLSearchParams({ type: "google", returnUrl }).toString();
    const response = await ada.fetch(`/calendars/oauth-connect-url?${query}`);
    expect(response.status).toBe(status);
    if (status !== 200) return;
    const { data } = (await response.json()) as { data: { authUrl: string } };
    const back = await ada.visit((await app.emulator.provider.authorize(data.authUrl)).redirectTo);
    expect(endOf(back)).toMatchObject({ connected: "true" });
  });

  test.each([
    [1_000, 200],
    [10_000, 500],
  ])("a user id of %i letters: %i, and no link that can't come back", async (length, status) => {
    const userId = "漢".repeat(length);
    const errors: unknown[] = [];
    const app = createApp({
      handlers: {
        authenticate: () => ({ userId, email: "ada@users.example", name: "Ada" }),
        onError: ({ error }) => void errors.push(String(error)),
      },
    });
    const browser = createBrowser(app.handlers.handle);
    const response = await browser.fetch("/calendars/oauth-connect-url?type=google");
    expect(response.status).toBe(status);
    if (status === 200) {
      const { data } = (await response.json()) as { data: { authUrl: string } };
      const { redirectTo } = await app.emulator.provider.authorize(data.authUrl);
      expect(endOf(await browser.visit(redirectTo))).toMatchObject({ connected: "true" });
    } else expect(errors.join()).toContain("The encrypted state has");
  });
});

test("a callback without a state that decrypts changes nothing", async () => {
  const app = createApp();
  await connectGoogle(app, "ada");
  const stranger = createBrowser(app.handlers.handle);
  for (const state of ["x".repeat(8193), "eyJ".repeat(3000), "a.b.c.d.e"]) {
    expect(endOf(await stranger.visit(ownCallback("google", { cal_state: state })))).toMatchObject({
      reason: "invalid_state",
    });
  }
  expect(await app.accounts("ada")).toEqual(["alice@gmail.example"]);
});
