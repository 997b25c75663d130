import type { TestClientOptions } from "./client-options.js";
import { CookieJar } from "tough-cookie";
import { CalClient, memoryTokenStore, type TokenStore } from "../../src/index.js";
import { createCalHandlers, type CalHandlers, type CalHandlersOptions } from "../../src/handlers/index.js";
import { createCalEmulator, type CalEmulator, type CalEmulatorOptions } from "../../src/testing/index.js";

export const ORIGIN = "https://app.example";
const BASE = `${ORIGIN}/api/cal`;
export const SECRET = "a-secret-of-the-tests-that-is-long-enough";

/** An application with the handlers mounted, over an emulator, without a network. */
export interface App {
  emulator: CalEmulator;
  cal: CalClient;
  tokenStore: Required<TokenStore>;
  handlers: CalHandlers;
  /** Another process of the same application: the same store, another memory. */
  sibling(options?: Partial<CalHandlersOptions>): CalHandlers;
  /** The managed user of one of the application's users. */
  managedUserId(userId: string): Promise<number>;
  /** Addresses of the accounts that Cal.com has stored for a user. */
  accounts(userId: string): Promise<string[]>;
  /** What was logged and told, as text. */
  log: string[];
}

export interface AppOptions {
  handlers?: Partial<CalHandlersOptions>;
  client?: TestClientOptions;
  /** Puts something between the client and the memory store. */
  wrapStore?: (store: Required<TokenStore>) => TokenStore;
  emulator?: CalEmulatorOptions;
}

export function createApp(options: AppOptions = {}): App {
  const emulator = createCalEmulator(options.emulator);
  const now = () => emulator.clock.now();
  const tokenStore = memoryTokenStore({ now });
  const log: string[] = [];
  const write = (message: string, fields: object) => void log.push(`${message} ${inspect(fields)}`);
  const logger = { debug: write, warn: write, error: write };
  const cal = new CalClient({
    ...emulator.clientOptions,
    tokenStore: options.wrapStore?.(tokenStore) ?? tokenStore,
    logger,
    now,
    retry: { limit: 0 },
    ...options.client,
  });
  const make = (more: Partial<CalHandlersOptions> = {}) =>
    createCalHandlers({
      client: cal,
      authenticate,
      stateSecret: SECRET,
      appUrl: ORIGIN,
      successUrl: "/connected",
      errorUrl: "/failed",
      exposeAccessToken: true,
      logger,
      now,
      ...options.handlers,
      ...more,
    });
  const managedUserId = async (userId: string) => (await tokenStore.get(userId))!.calUserId;
  return {
    emulator,
    cal,
    tokenStore,
    handlers: make(),
    sibling: make,
    managedUserId,
    accounts: async (userId) =>
      emulator.calendars.credentials(await managedUserId(userId)).map(({ account }) => account),
    log,
  };
}

function inspect(fields: object): string {
  return JSON.stringify(fields, (_key, value: unknown) =>
    value instanceof Error ? `${value.stack ?? ""} ${JSON.stringify(value)}` : value,
  );
}

/** The application's own session: a cookie with the user's id. */
export function authenticate(request: Request) {
  const userId = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  if (userId === undefined) return null;
  return { userId, email: `${userId}@users.example`, name: userId, timeZone: "Europe/London" };
}

/** A browser: it keeps cookies, and says of each request where it came from. */
export interface Browser {
  jar: CookieJar;
  signIn(userId: string): Browser;
  signOut(): Browser;
  /** A fetch by a page of the application's own. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  post(path: string, body: unknown): Promise<Response>;
  /** A navigation that another site sent the browser on. */
  visit(url: string): Promise<Response>;
  /** Asks for a connect URL. */
  start(provider: "google" | "office365", query?: string): Promise<string>;
}

export function createBrowser(handle: (request: Request) => Promise<Response>, api = BASE): Browser {
  const jar = new CookieJar();
  const send = async (url: string, init: RequestInit, site: string): Promise<Response> => {
    const headers = new Headers(init.headers);
    const cookie = await jar.getCookieString(url);
    if (cookie !== "") headers.set("cookie", cookie);
    if (!headers.has("sec-fetch-site")) headers.set("sec-fetch-site", site);
    const response = await handle(new Request(url, { ...init, headers }));
    for (const set of response.headers.getSetCookie()) await jar.setCookie(set, url);
    return response;
  };
  const browser: Browser = {
    jar,
    signIn(userId) {
      jar.setCookieSync(`session=${userId}; Path=/; HttpOnly; SameSite=Lax`, ORIGIN);
      return browser;
    },
    signOut() {
      jar.setCookieSync("session=; Path=/; Max-Age=0", ORIGIN);
      return browser;
    },
    fetch: (path, init = {}) => send(api + path, init, "same-origin"),
    post: (path, body) =>
      browser.fetch(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    visit: (url) => send(url, {}, "cross-site"),
    async start(provider, query = "") {
      const response = await browser.fetch(`/calendars/oauth-connect-url?type=${provider}${query}`);
      const body = (await response.json()) as { data: { authUrl: string } };
      return body.data.authUrl;
    },
  };
  return browser;
}

/** Where a redirect leads: the page, and what its query says. */
export function endOf(response: Response): { page: string } & Record<string, string> {
  const url = new URL(response.headers.get("location") ?? "");
  return { page: url.pathname, ...Object.fromEntries(url.searchParams) };
}

/** The application's own callback, as it would stand with a provider that sends the browser there itself. */
export function ownCallback(
  provider: "google" | "office365",
  parameters: Record<string, string | null>,
): string {
  const path = provider === "google" ? "/gcal-oauth-redirect" : "/office-oauth-redirect";
  const given = Object.entries(parameters).filter((entry): entry is [string, string] => entry[1] !== null);
  return `${BASE}${path}?${new URLSearchParams(given).toString()}`;
}

/** A token store that can't keep connection attempts. */
export function withoutAttempts(store: Required<TokenStore>): TokenStore {
  const { get, set, delete: remove, acquireLease, releaseLease } = store;
  return { get, set, delete: remove, acquireLease, releaseLease };
}

/** A user with Google connected, in a browser of their own. */
export async function connectGoogle(app: App, userId: string, account = "alice") {
  const browser = createBrowser(app.handlers.handle).signIn(userId);
  const { redirectTo } = await app.emulator.provider.authorize(await browser.start("google"), { account });
  await browser.visit(redirectTo);
  return { browser, redirectTo };
}

/** Mallory's link, and a victim who has consented: Cal.com has stored the victim's calendar for Mallory. */
export async function lure(app: App) {
  const mallory = createBrowser(app.handlers.handle).signIn("mallory");
  const { redirectTo } = await app.emulator.provider.authorize(await mallory.start("google"), {
    account: "carol",
  });
  return { mallory, redirectTo, victim: createBrowser(app.handlers.handle).signIn("victim") };
}
