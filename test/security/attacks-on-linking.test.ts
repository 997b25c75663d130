import { describe, expect, test } from "vitest";
import { createBrowser, endOf, ORIGIN, ownCallback, SECRET } from "../support/handlers-app.js";
import { leaksIn } from "../support/leaks.js";
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
} from "../support/linking-app.js";

/** The account that an application user has linked. */
async function emailOf(app: LinkingApp, userId: string): Promise<unknown> {
  return (await statusOf(browserOf(app, userId))).calAccount?.["email"] ?? null;
}

const parametersOf = (url: string): Record<string, string> => Object.fromEntries(new URL(url).searchParams);

describe("wants a victim's application account to be linked with the attacker's Cal.com account (login CSRF)", () => {
  test.each(["victim", null])(
    "a link with the attacker's own code and state, signed in: %s",
    async (userId) => {
      const app = createLinkingApp();
      const callback = await consent(app, await startLink(browserOf(app, "attacker")), { person: "grace" });
      const victim = createBrowser(app.handlers.handle);
      if (userId !== null) victim.signIn(userId);
      expect(endOf(await victim.visit(callback))).toMatchObject({
        page: "/failed",
        reason: userId === null ? "signed_out" : "wrong_user",
      });
      expect(app.exchanges(), "the code was not exchanged").toBe(0);
      expect(await emailOf(app, "victim")).toBeNull();
      expect(app.told.errors).toMatchObject([{ handler: "oauthCallback", userId: "attacker" }]);
    },
  );

  test("the attacker's code with no state, or a state of their own making", async () => {
    const app = createLinkingApp();
    const attacker = await consent(app, await startLink(browserOf(app, "attacker")), { person: "grace" });
    const { code } = parametersOf(attacker);
    const victim = browserOf(app, "victim");
    for (const state of ["", "x", "eyJhbGciOiJkaXIiLCJlbmMiOiJBMjU2R0NNIn0..a.b.c", "{}"]) {
      const query = new URLSearchParams({ code: code!, state }).toString();
      expect(endOf(await victim.visit(`${CALLBACK}?${query}`))).toMatchObject({ reason: "invalid_state" });
    }
    expect(endOf(await victim.visit(`${attacker}&state=x`))).toMatchObject({ reason: "invalid_state" });
    expect(app.exchanges()).toBe(0);
  });

  test("another site starts the attempt in the victim's browser, or posts the code", async () => {
    const app = createLinkingApp();
    const headers = { cookie: "session=victim", "sec-fetch-site": "cross-site" };
    const posted = { ...headers, "content-type": "application/json" };
    const requests = [
      new Request(`${ORIGIN}/api/cal/oauth/authorize-url`, { headers }),
      new Request(CALLBACK, { method: "POST", headers: posted, body: '{"code":"c","state":"s"}' }),
      new Request(`${ORIGIN}/api/cal/oauth/unlink`, { method: "POST", headers: posted, body: "{}" }),
    ];
    for (const request of requests) {
      const response = await app.handlers.handle(request);
      expect([response.status, (await response.json()).error.code]).toEqual([403, "cross_site"]);
    }
  });
});

describe("wants a victim's Cal.com account (session fixation)", () => {
  test("the victim consents on the attacker's link: the code is not exchanged", async () => {
    const app = createLinkingApp();
    const authorizeUrl = await startLink(browserOf(app, "attacker"));
    const callback = await consent(app, authorizeUrl, { person: "ada" });
    expect(endOf(await browserOf(app, "victim").visit(callback))).toMatchObject({ reason: "wrong_user" });
    // Also where the attacker has signed the victim's browser in as themself.
    expect(endOf(await browserOf(app, "attacker").visit(callback))).toMatchObject({
      reason: "wrong_browser",
    });
    expect(app.exchanges()).toBe(0);
    expect(await emailOf(app, "attacker")).toBeNull();
  });

  /** A code of the victim's, from a log for example, with the state and the browser of the attacker's own attempt. */
  async function inject(app: LinkingApp, query = "") {
    const stolen = parametersOf(
      await consent(app, await startLink(browserOf(app, "victim")), { person: "ada" }),
    );
    const attacker = browserOf(app, "attacker");
    const own = parametersOf(await consent(app, await startLink(attacker, query), { person: "grace" }));
    const mixed = new URLSearchParams({ code: stolen["code"]!, state: own["state"]! }).toString();
    return endOf(await attacker.visit(`${CALLBACK}?${mixed}`));
  }

  test("a stolen code (code injection): PKCE prevents it for a public client", async () => {
    const app = createLinkingApp({ kind: "public" });
    expect(await inject(app)).toMatchObject({ reason: "code_rejected" });
    expect(await emailOf(app, "attacker")).toBeNull();
  });

  test("a stolen code, and a client with a secret: only if the victim has not linked the account", async () => {
    const app = createLinkingApp();
    await linkAccount(app, browserOf(app, "victim"));
    expect(await inject(app)).toMatchObject({ reason: "cal_account_in_use" });
    expect(await emailOf(app, "victim")).toBe("ada@cal.example");
    // docs/security.md: this can't be prevented here, as Cal.com takes no PKCE from such a client.
    const other = createLinkingApp();
    expect(await inject(other)).toMatchObject({ calAccount: "linked" });
  });

  test("the verifier of another attempt does not help", async () => {
    const app = createLinkingApp({ kind: "public" });
    const attacker = browserOf(app, "attacker");
    const [first, second] = [await startLink(attacker), await startLink(attacker)];
    const cookies = (await attacker.jar.getCookieString(ORIGIN))
      .split("; ")
      .filter((one) => one.includes("calbridge"));
    const [one, two] = cookies.map((cookie) => cookie.split("=") as [string, string]);
    // The nonce of the second attempt with the secret of the first.
    const secret = one![1].slice(one![1].indexOf("."));
    const swapped = two![1].slice(0, two![1].indexOf(".")) + secret;
    attacker.jar.setCookieSync(`${two![0]}=${swapped}; Path=/; Secure`, ORIGIN);
    const code = parametersOf(await consent(app, first))["code"]!;
    const state = parametersOf(second)["state"]!;
    const back = await attacker.visit(`${CALLBACK}?${new URLSearchParams({ code, state }).toString()}`);
    expect(endOf(back)).toMatchObject({ calAccount: "error" });
    expect(app.exchanges()).toBe(0);
  });

  test("replace and takeOver can't be added on the way back", async () => {
    const app = createLinkingApp();
    await linkAccount(app, browserOf(app, "victim"));
    const attacker = browserOf(app, "attacker");
    const callback = await consent(app, await startLink(attacker));
    expect(endOf(await attacker.visit(`${callback}&takeOver=1&replace=1`))).toMatchObject({
      reason: "cal_account_in_use",
    });
    expect(await emailOf(app, "victim")).toBe("ada@cal.example");
  });
});

describe("wants a callback to count twice (replay)", () => {
  test("after it was completed, on this server and on another one", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    expect(endOf(await ada.visit(callback))).toMatchObject({ calAccount: "linked" });
    await ada.post("/oauth/unlink", {});
    const exchanges = app.exchanges();
    expect(endOf(await ada.visit(callback))).toMatchObject({ reason: "used_state" });
    const cookie = await ada.jar.getCookieString(ORIGIN);
    const elsewhere = await app.sibling().handle(new Request(callback, { headers: { cookie } }));
    expect(endOf(elsewhere)).toMatchObject({ reason: "used_state" });
    expect(app.exchanges()).toBe(exchanges);
    expect(await emailOf(app, "ada")).toBeNull();
  });

  test("at the same moment, on three servers: the code is sent once", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    const cookie = await ada.jar.getCookieString(ORIGIN);
    const servers = [app.handlers, app.handlers, app.sibling(), app.sibling()];
    const ends = await Promise.all(
      servers.map(async ({ handle }) => endOf(await handle(new Request(callback, { headers: { cookie } })))),
    );
    expect(app.exchanges()).toBe(1);
    const reasons = ends.map(({ calAccount, reason }) => reason ?? calAccount);
    expect(reasons.filter((reason) => !["linked", "used_state"].includes(reason!))).toEqual([]);
    expect(reasons).toContain("linked");
    expect(await emailOf(app, "ada")).toBe("ada@cal.example");
  });

  test("later than ten minutes after the start", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const url = await startLink(ada);
    app.emulator.clock.advance(601_000);
    expect(endOf(await ada.visit(await consent(app, url)))).toMatchObject({ reason: "expired_state" });
    app.emulator.clock.advance(24 * 60 * 60_000);
    expect(endOf(await ada.visit(await consent(app, url)))).toMatchObject({ reason: "invalid_state" });
    expect(app.exchanges()).toBe(0);
  });
});

describe("wants a state to count at another callback (mix-up)", () => {
  test("the state of a link at the callbacks for calendars", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await connectCalendar(app, ada);
    const { code, state } = parametersOf(await consent(app, await startLink(ada)));
    for (const provider of ["google", "office365"] as const) {
      for (const parameters of [{ cal_state: state! }, { code: code!, state: state! }]) {
        const back = await ada.visit(ownCallback(provider, parameters));
        expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
      }
    }
    for (const body of [
      { state },
      { code, state },
      { code, state: JSON.stringify({ redir: `${ORIGIN}?cal_state=${state!}` }) },
    ]) {
      const response = await ada.post("/calendars/save-oauth-cal-creds", body);
      expect([response.status, (await response.json()).error.code]).toEqual([400, "invalid_state"]);
    }
    expect(app.emulator.calendars.credentials(app.people.ada.id)).toHaveLength(1);
  });

  test("the state of a calendar at the callback for links", async () => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    await linkAccount(app, ada);
    const stop = await app.emulator.provider.authorize(await ada.start("google"), {
      stopBeforeCallback: true,
    });
    const own = new URL((JSON.parse(stop.state!) as { redir: string }).redir).searchParams.get("cal_state")!;
    const exchanges = app.exchanges();
    for (const state of [own, stop.state!]) {
      const query = new URLSearchParams({ code: stop.code!, state }).toString();
      expect(endOf(await ada.visit(`${CALLBACK}?${query}`))).toMatchObject({ reason: "invalid_state" });
      const posted = await ada.post("/oauth/callback", { code: stop.code, state });
      expect(posted.status).toBe(400);
    }
    expect(app.exchanges()).toBe(exchanges);
  });

  test.each([
    ["another origin", { handlers: { appUrl: "https://staging.example" } }],
    ["another secret", { handlers: { stateSecret: "another-secret-that-is-long-enough-too" } }],
    ["another OAuth client", { kind: "public" }],
  ] as const)("the state of another stage: %s", async (_name, options) => {
    const app = createLinkingApp();
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    const cookie = await ada.jar.getCookieString(ORIGIN);
    const stage = createLinkingApp(options);
    const back = await stage.handlers.oauthCallback(new Request(callback, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
    expect(stage.exchanges()).toBe(0);
  });

  test("another OAuth client beside the same platform client", async () => {
    const app = createLinkingApp({ newUsers: "oauth" });
    const stage = createLinkingApp({ newUsers: "oauth", kind: "public" });
    expect(app.cal.clientId).toBe(stage.cal.clientId);
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada));
    const cookie = await ada.jar.getCookieString(ORIGIN);
    const back = await stage.handlers.handle(new Request(callback, { headers: { cookie } }));
    expect(endOf(back)).toMatchObject({ reason: "invalid_state" });
  });
});

describe("wants users to end on a page of theirs (open redirect)", () => {
  test.each([
    "https://evil.example",
    "//evil.example",
    "/\\evil.example",
    "javascript:alert(1)",
    "https://app.example@evil.example",
  ])("returnUrl=%s", async (returnUrl) => {
    const ada = browserOf(createLinkingApp(), "ada");
    const query = new URLSearchParams({ returnUrl }).toString();
    const response = await ada.fetch(`/oauth/authorize-url?${query}`);
    expect(response.status).toBe(400);
    expect(await response.text()).not.toContain("evil");
  });

  test("an origin that is no longer allowed, by a state that was made before", async () => {
    const app = createLinkingApp({ handlers: { allowedOrigins: ["https://old.example"] } });
    const ada = browserOf(app, "ada");
    const callback = await consent(app, await startLink(ada, "?returnUrl=https%3A%2F%2Fold.example%2Fx"));
    const cookie = await ada.jar.getCookieString(ORIGIN);
    const { handle } = app.sibling({ allowedOrigins: [] });
    const back = await handle(new Request(callback, { headers: { cookie } }));
    expect(back.headers.get("location")).toBe(`${ORIGIN}/connected?calAccount=linked`);
  });
});

describe("wants another user's calendar removed, or to stay, when the account changes", () => {
  test("a stranger's return to an attempt of the old account ends no calendar of the new one", async () => {
    const app = createLinkingApp({ newUsers: "managed" });
    const ada = browserOf(app, "ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"), {
      account: "carol",
    });
    await linkAccount(app, ada);
    app.emulator.calendars.connect(app.people.ada.id, "google", "alice");
    expect(endOf(await browserOf(app, "bob").visit(redirectTo))).toMatchObject({ reason: "wrong_user" });
    await statusOf(ada);
    expect(app.emulator.calendars.credentials(app.people.ada.id).map(({ account }) => account)).toEqual([
      "alice@gmail.example",
    ]);
  });

  test("what has to be removed from the old account is removed before another one is linked", async () => {
    const app = createLinkingApp({ newUsers: "managed" });
    const ada = browserOf(app, "ada");
    const { redirectTo } = await app.emulator.provider.authorize(await ada.start("google"), {
      account: "carol",
    });
    const fault = app.emulator.inject({ path: /disconnect$/, effect: { status: 503 }, times: Infinity });
    expect(endOf(await browserOf(app, "bob").visit(redirectTo))).toMatchObject({ rollBack: "pending" });
    const old = (await app.store.get("ada"))!.calUserId;
    fault.remove();
    expect(await linkAccount(app, ada)).toMatchObject({ calAccount: "linked" });
    expect(app.emulator.calendars.credentials(old)).toEqual([]);
  });
});

test("links while a refresh is in flight: the user ends with tokens that work", async () => {
  const app = createLinkingApp();
  const ada = browserOf(app, "ada");
  await connectCalendar(app, ada);
  app.emulator.clock.advance(29.5 * 60_000);
  const callback = await consent(app, await startLink(ada));
  app.emulator.inject({
    path: "/auth/oauth2/token",
    grantType: "refresh_token",
    effect: { delayMs: 200 },
  });
  const [, linked] = await Promise.all([statusOf(ada), ada.visit(callback)]);
  expect(endOf(linked)).toMatchObject({ calAccount: "linked" });
  for (let round = 0; round < 4; round += 1) {
    app.emulator.clock.advance(31 * 60_000);
    expect(await statusOf(ada)).toMatchObject({
      hasConnectedCalendars: true,
      calAccount: { reauthorization: null },
    });
  }
});

describe("wants a secret", () => {
  test.each(["confidential", "public"] as const)(
    "in URLs, cookies, responses, events and the log (%s)",
    async (kind) => {
      const verifiers: string[] = [];
      const app: LinkingApp = createLinkingApp({
        kind,
        client: {
          fetch: async (...[input, init]) => {
            const sent = new Request(input, init);
            const { code_verifier: verifier } = (await sent
              .clone()
              .json()
              .catch(() => ({}))) as Record<string, string>;
            if (verifier !== undefined) verifiers.push(verifier);
            return app.emulator.fetch(sent);
          },
        },
      });
      const seen: string[] = [];
      const ada = browserOf(app, "ada");
      const authorizeUrl = await ada.start("google");
      seen.push(authorizeUrl, await ada.jar.getCookieString(ORIGIN));
      const callback = await consent(app, authorizeUrl);
      const linked = await ada.visit(callback);
      seen.push(await linked.text(), ...linked.headers.getSetCookie());
      expect(linked.headers.get("referrer-policy")).toBe("no-referrer");
      expect(linked.headers.get("cache-control")).toBe("no-store");
      seen.push(JSON.stringify(await statusOf(ada)));
      // Failures, which are what is told and logged.
      await ada.visit(callback);
      const { code, state } = parametersOf(callback);
      const tokens = app.emulator.oauth2.tokens(app.people.ada.id);
      const secrets = Object.fromEntries(
        [SECRET, "app-secret", ...verifiers, ...tokens.accessTokens, ...tokens.refreshTokens].map(
          (secret) => [secret, secret],
        ),
      );
      expect(verifiers).toEqual(kind === "public" ? [expect.stringMatching(/^[\w-]{43}$/)] : []);
      expect(leaksIn(seen, secrets)).toEqual([]);
      const events = [...app.told.errors, ...app.told.linked, ...app.told.log];
      expect(app.told.errors).toHaveLength(1);
      const shown = JSON.stringify(events);
      for (const secret of [...Object.keys(secrets), code!, state!]) expect(shown).not.toContain(secret);
    },
  );
});
