import { CookieJar } from "tough-cookie";
import { expect } from "vitest";
import type { CalEmulator } from "../../src/testing/index.js";

/** Sends a request as a browser does, with cookies. Redirects are not followed. */
type Visit = (url: string, init?: RequestInit) => Promise<Response>;

/** An application to test. Its users `ada` and `grace` sign in with a form: POST /sign-in. */
export interface WalkedApp {
  origin: string;
  /** The path of the routes, if it is not `/api/cal`. */
  basePath?: string;
  /** The emulated Cal.com that it calls. */
  emulator: CalEmulator;
  /** The page to which signed-in users return. */
  page: string;
  /** Whether the server renders the connections into that page. */
  isRendered?: boolean;
}

/** The fields of all responses. */
interface Data {
  authUrl: string;
  calendars: { email: string }[];
  connected: boolean;
  disconnected: unknown[];
  hasConnectedCalendars: boolean;
}

const accounts = { google: ["alice", "carol"], office365: ["bob", "erin"] } as const;
type Provider = keyof typeof accounts;

/**
 * Goes through the whole flow with two browsers, over HTTP. At the end Ada has two Office 365 connections. Rejects at the
 * first step that fails.
 */
export async function walk(app: WalkedApp): Promise<void> {
  const { emulator, origin } = app;
  const { provider: consent } = emulator;
  const secrets = collectSecrets(emulator);
  const anonymous = openBrowser(app, secrets);
  const ada = openBrowser(app, secrets);
  const grace = openBrowser(app, secrets);
  await ada.signIn("ada");
  await grace.signIn("grace");

  expect((await anonymous.visit(`${ada.api}/calendars/status`)).status).toBe(401);
  expect(await ada.read("/calendars/status")).toEqual({ hasConnectedCalendars: false, calendars: [] });

  // Ada denies access.
  const denied = await consent.authorize(await ada.start("google"), { deny: true });
  await ada.returnsFrom(denied.redirectTo, { calendarType: "google", reason: "not_connected" });

  // Grace opens Ada's callback: nothing is stored for either of them.
  const stolen = await consent.authorize(await ada.start("office365"), { account: "bob" });
  await grace.returnsFrom(stolen.redirectTo, { calendarType: "office365", reason: "wrong_user" });
  const calUserIdOfAda = emulator.users.list().find(({ email }) => email.startsWith("ada"))!.id;
  expect(emulator.calendars.credentials(calUserIdOfAda)).toEqual([]);
  expect(await grace.accounts()).toEqual([]);

  for (const provider of ["google", "office365"] as const) {
    // With Cal.com's callback, which redirects Ada to the application.
    const first = await consent.authorize(await ada.start(provider), { account: accounts[provider][0] });
    await ada.returnsFrom(first.redirectTo, { calendarType: provider });
    // With the application's own callback.
    const [, account] = accounts[provider];
    const second = await consent.authorize(await ada.start(provider), { account, stopBeforeCallback: true });
    const path = provider === "google" ? "gcal-oauth-redirect" : "office-oauth-redirect";
    const query = new URLSearchParams({ code: second.code!, state: second.state! }).toString();
    await ada.returnsFrom(`${ada.api}/${path}?${query}`, { calendarType: provider });
  }
  expect(await ada.accounts()).toEqual(["alice", "carol", "bob", "erin"]);
  expect(await grace.accounts()).toEqual([]);

  // The access token expires.
  secrets.collect();
  const refreshes = { method: "POST", path: /\/refresh$/ } as const;
  const refreshedBefore = emulator.count(refreshes);
  emulator.users.expireAccessTokens(calUserIdOfAda);
  expect(await ada.accounts()).toEqual(["alice", "carol", "bob", "erin"]);
  expect(emulator.count(refreshes)).toBe(refreshedBefore + 1);

  for (const calendarType of ["google", "office365"]) {
    const synced = await ada.post("/calendars/sync-credentials", { calendarType });
    expect(synced).toMatchObject({ calendarType, connected: true });
  }
  const { accessToken } = (await (await ada.visit(`${ada.api}/refresh`)).json()) as { accessToken: string };
  expect(emulator.users.tokens(calUserIdOfAda).accessTokens).toContain(accessToken);

  const { disconnected } = await ada.post("/calendars/disconnect", { calendarType: "google" });
  expect(disconnected).toHaveLength(2);
  expect(await ada.accounts()).toEqual(["bob", "erin"]);

  const notJson = await ada.visit(`${ada.api}/calendars/disconnect`, { method: "POST", body: "x" });
  expect(notJson.status).toBe(415);
  expect((await ada.visit(`${ada.api}/nothing`)).status).toBe(404);
  const page = await ada.visit(origin + app.page);
  expect(page.status).toBe(200);
  if (app.isRendered) expect(await page.text()).toContain("bob@outlook.example");

  const responses = [anonymous, ada, grace].flatMap((visitor) => visitor.responses);
  expect(responses.length).toBeGreaterThan(20);
  for (const secret of secrets.all()) {
    const leak = responses.find(
      ({ text }) => text.includes(secret) || text.includes(encodeURIComponent(secret)),
    );
    expect(leak?.url, `a response contains a secret that starts with ${secret.slice(0, 8)}`).toBeUndefined();
  }
}

/** The connections of a user: the part of each address before the `@`. */
export async function connectedAccounts(app: WalkedApp, user: "ada" | "grace"): Promise<string[]> {
  const visitor = openBrowser(app, collectSecrets(app.emulator));
  await visitor.signIn(user);
  return visitor.accounts();
}

/** The browser of one user. */
function openBrowser({ origin, basePath = "/api/cal", page }: WalkedApp, secrets: Secrets) {
  const api = origin + basePath;
  const jar = new CookieJar();
  const responses: { url: string; text: string }[] = [];

  const visit: Visit = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", await jar.getCookieString(url));
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    for (const set of response.headers.getSetCookie()) await jar.setCookie(set, url);
    secrets.collect();
    // Two responses contain the user's own access token: the provider's URL, into which Cal.com has put it, and the one
    // that Cal.com's components need.
    if (!/oauth-connect-url|\/refresh$/.test(url)) {
      const sent = JSON.stringify([...response.headers]);
      responses.push({ url, text: `${sent} ${await response.clone().text()}` });
    }
    return response;
  };
  const read = async (path: string, init?: RequestInit): Promise<Data> => {
    const response = await visit(api + path, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
    return (JSON.parse(text) as { data: Data }).data;
  };
  return {
    api,
    responses,
    visit,
    async signIn(user: string) {
      const response = await visit(`${origin}/sign-in`, {
        method: "POST",
        body: new URLSearchParams({ user }),
      });
      expect(response.status).toBeLessThan(400);
    },
    read,
    post: (path: string, body: object) =>
      read(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    start: async (provider: Provider) =>
      (await read(`/calendars/oauth-connect-url?type=${provider}`)).authUrl,
    accounts: async () =>
      (await read("/calendars/status")).calendars.map(({ email }) => email.split("@")[0]!),
    /** Returns from the consent page and expects this result in the URL. Without a reason: connected. */
    async returnsFrom(url: string, { calendarType, reason }: { calendarType: Provider; reason?: string }) {
      const response = await visit(url);
      const outcome = { calendarType, connected: String(!reason), ...(reason && { reason }) };
      expect(response.headers.get("location"), `${response.status} ${url}`).toBe(
        `${origin}${page}?${new URLSearchParams(outcome).toString()}`,
      );
      expect(response.status).toBe(303);
    },
  };
}

interface Secrets {
  /** Collects the tokens that exist now. Call it often, as tokens are replaced by new ones. */
  collect(): void;
  all(): string[];
}

function collectSecrets(emulator: CalEmulator): Secrets {
  const secrets = new Set([emulator.clientSecret]);
  return {
    collect() {
      for (const { id } of emulator.users.list()) {
        const { accessTokens, refreshTokens } = emulator.users.tokens(id);
        for (const token of [...accessTokens, ...refreshTokens]) secrets.add(token);
      }
    },
    all() {
      expect(secrets.size).toBeGreaterThan(4);
      return [...secrets];
    },
  };
}
