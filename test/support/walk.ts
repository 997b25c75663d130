import { CookieJar } from "tough-cookie";
import { expect } from "vitest";
import type { CalEmulator } from "../../src/testing/index.js";

/** Sends a request as a browser on a real network does: with cookies, and following nothing by itself. */
type Visit = (url: string, init?: RequestInit) => Promise<Response>;

/** An application to walk through. Its users `ada` and `grace` sign in with a form: POST /sign-in. */
export interface WalkedApp {
  origin: string;
  /** Where the routes are, if not at `/api/cal`. */
  basePath?: string;
  /** The Cal.com that it talks to. */
  emulator: CalEmulator;
  /** The page to end on, for users who are signed in. */
  page: string;
  /** Whether the server sends that page with the accounts in it. */
  isRendered?: boolean;
  /** Whether it has the token route. */
  exposesAccessToken?: boolean;
}

/** What the answers hold, all in one. */
interface Data {
  authUrl: string;
  calendars: { email: string }[];
  connected: boolean;
  disconnected: unknown[];
  hasConnectedCalendars: boolean;
  calAccount: { grant: string; email?: string | null } | null;
  linked: boolean;
  unlinked: boolean;
}

const accounts = { google: ["alice", "carol"], office365: ["bob", "erin"] } as const;
type Provider = keyof typeof accounts;

/**
 * The whole flow as two browsers go it, over HTTP. Ada ends with both of her Office 365 accounts connected.
 * Fails at the first step that is not as it should be.
 */
export async function walk(app: WalkedApp): Promise<void> {
  const { emulator, origin } = app;
  const { provider: consent } = emulator;
  const secrets = watchSecrets(emulator);
  const anonymous = meet(app, secrets);
  const ada = meet(app, secrets);
  const grace = meet(app, secrets);
  await ada.signIn("ada");
  await grace.signIn("grace");

  expect((await anonymous.visit(`${ada.api}/calendars/status`)).status).toBe(401);
  expect(await ada.read("/calendars/status")).toMatchObject({ hasConnectedCalendars: false, calendars: [] });

  // She says no.
  const refused = await consent.authorize(await ada.start("google"), { deny: true });
  await ada.comesBack(refused.redirectTo, { calendarType: "google", reason: "not_connected" });

  // Another user comes back: nothing is stored for either of them.
  const stolen = await consent.authorize(await ada.start("office365"), { account: "bob" });
  await grace.comesBack(stolen.redirectTo, { calendarType: "office365", reason: "wrong_user" });
  const adasId = emulator.users.list().find(({ email }) => email.startsWith("ada"))!.id;
  expect(emulator.calendars.credentials(adasId)).toEqual([]);
  expect(await grace.accounts()).toEqual([]);

  for (const provider of ["google", "office365"] as const) {
    // By Cal.com's callback, which sends her on to us.
    const first = await consent.authorize(await ada.start(provider), { account: accounts[provider][0] });
    await ada.comesBack(first.redirectTo, { calendarType: provider });
    // Straight from the provider to us.
    const [, account] = accounts[provider];
    const second = await consent.authorize(await ada.start(provider), { account, stopBeforeCallback: true });
    const path = provider === "google" ? "gcal-oauth-redirect" : "office-oauth-redirect";
    const query = new URLSearchParams({ code: second.code!, state: second.state! }).toString();
    await ada.comesBack(`${ada.api}/${path}?${query}`, { calendarType: provider });
  }
  expect(await ada.accounts()).toEqual(["alice", "carol", "bob", "erin"]);
  expect(await grace.accounts()).toEqual([]);

  // An hour passes.
  secrets.note();
  const refreshes = { method: "POST", path: /\/refresh$/ } as const;
  const refreshedBefore = emulator.count(refreshes);
  emulator.users.expireAccessTokens(adasId);
  expect(await ada.accounts()).toEqual(["alice", "carol", "bob", "erin"]);
  expect(emulator.count(refreshes)).toBe(refreshedBefore + 1);

  for (const calendarType of ["google", "office365"]) {
    const synced = await ada.post("/calendars/sync-credentials", { calendarType });
    expect(synced).toMatchObject({ calendarType, connected: true });
  }
  const token = await ada.visit(`${ada.api}/refresh`);
  if (app.exposesAccessToken) {
    const { accessToken } = (await token.json()) as { accessToken: string };
    expect(emulator.users.tokens(adasId).accessTokens).toContain(accessToken);
  } else expect(token.status).toBe(404);

  const gone = await ada.post("/calendars/disconnect", { calendarType: "google" });
  expect(gone.disconnected).toHaveLength(2);
  expect(await ada.accounts()).toEqual(["bob", "erin"]);

  const notJson = await ada.visit(`${ada.api}/calendars/disconnect`, { method: "POST", body: "x" });
  expect(notJson.status).toBe(415);
  expect((await ada.visit(`${ada.api}/nothing`)).status).toBe(404);
  const page = await ada.visit(origin + app.page);
  expect(page.status).toBe(200);
  if (app.isRendered) expect(await page.text()).toContain("bob@outlook.example");

  expectNoSecrets([anonymous, ada, grace], secrets);
}

/** Fails if an answer holds a secret. */
export function expectNoSecrets(people: { answers: Answer[] }[], secrets: Secrets): void {
  const answers = people.flatMap((person) => person.answers);
  expect(answers.length).toBeGreaterThan(20);
  for (const secret of secrets.all()) {
    const leak = answers.find(
      ({ text }) => text.includes(secret) || text.includes(encodeURIComponent(secret)),
    );
    expect(leak?.url, `an answer holds a secret that begins with ${secret.slice(0, 8)}`).toBeUndefined();
  }
}

/** What a browser was sent. */
interface Answer {
  url: string;
  text: string;
}

/** Addresses of the accounts that are connected, before their `@`. */
export async function connectedAccounts(app: WalkedApp, user: "ada" | "grace"): Promise<string[]> {
  const person = meet(app, watchSecrets(app.emulator));
  await person.signIn(user);
  return person.accounts();
}

/** One person's browser, and what they do with it. */
export function meet({ origin, basePath = "/api/cal", page, emulator }: WalkedApp, secrets: Secrets) {
  const api = origin + basePath;
  const jar = new CookieJar();
  const answers: Answer[] = [];

  const visit: Visit = async (url, init = {}) => {
    const headers = new Headers(init.headers);
    headers.set("cookie", await jar.getCookieString(url));
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    for (const set of response.headers.getSetCookie()) await jar.setCookie(set, url);
    secrets.note();
    // Some responses hold the user's own access token: the address of a consent page, into which Cal.com has put it, and
    // the one that Cal.com's components ask for. The emulator serves the consent pages.
    const target = new URL(response.headers.get("location") ?? "/", url);
    const leadsToConsent = target.origin === new URL(emulator.url).origin;
    if (!/oauth-connect-url|\/refresh$/.test(url) && !leadsToConsent) {
      const sent = JSON.stringify([...response.headers]);
      answers.push({ url, text: `${sent} ${await response.clone().text()}` });
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
    answers,
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
    /** Comes back from the consent page, and ends on the page with this outcome. Without a reason: connected. */
    async comesBack(url: string, { calendarType, reason }: { calendarType: Provider; reason?: string }) {
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
  /** Takes down the tokens there are: they come and go. */
  note(): void;
  all(): string[];
}

export function watchSecrets(emulator: CalEmulator): Secrets {
  const secrets = new Set([emulator.clientSecret]);
  return {
    note() {
      for (const { id } of emulator.users.list()) {
        const { accessTokens, refreshTokens } = emulator.users.tokens(id);
        for (const token of [...accessTokens, ...refreshTokens]) secrets.add(token);
      }
      for (const { id } of emulator.people.list()) {
        const { accessTokens, refreshTokens } = emulator.oauth2.tokens(id);
        for (const token of [...accessTokens, ...refreshTokens]) secrets.add(token);
      }
    },
    all() {
      expect(secrets.size).toBeGreaterThan(4);
      return [...secrets];
    },
  };
}
