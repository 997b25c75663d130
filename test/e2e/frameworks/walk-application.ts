import { CookieJar } from "tough-cookie";
import { expect } from "vitest";
import type { CalEmulator } from "../../../src/testing/index.js";

/** An application that runs. */
export interface RunningApplication {
  /** Its address, with its path. */
  url: string;
  emulator: CalEmulator;
  hasServerPages: boolean;
}

interface Data {
  authUrl: string;
  calendars: { email: string }[];
  disconnected: unknown[];
}

/** Connects, returns, reads the status and disconnects, as a user's browser does. */
export async function walkApplication({ url, emulator, hasServerPages }: RunningApplication): Promise<void> {
  const { provider } = emulator;
  const ada = openBrowser(url, "ada");
  const start = async (type: string): Promise<string> =>
    (await ada.read(`/calendars/oauth-connect-url?type=${type}`)).authUrl;
  const accounts = async (): Promise<string[]> =>
    (await ada.read("/calendars/status")).calendars.map(({ email }) => email);
  const page = async (): Promise<string> => (await ada.visit(`${url}/accounts/ada`)).text();

  expect((await openBrowser(url).visit(`${url}/api/cal/calendars/status`)).status).toBe(401);
  expect(await accounts()).toEqual([]);

  const denied = await provider.authorize(await start("google"), { deny: true });
  await ada.returns(denied.redirectTo, "?calendarType=google&connected=false&reason=not_connected");

  // By Cal.com's callback.
  const google = await provider.authorize(await start("google"), { account: "alice" });
  await ada.returns(google.redirectTo, "?calendarType=google&connected=true");
  expect(await accounts()).toEqual(["alice@gmail.example"]);
  if (hasServerPages) expect(await page()).toContain("alice@gmail.example");

  // Straight from the provider.
  const office = await provider.authorize(await start("office365"), {
    account: "bob",
    stopBeforeCallback: true,
  });
  const query = new URLSearchParams({ code: office.code!, state: office.state! }).toString();
  await ada.returns(
    `${url}/api/cal/office-oauth-redirect?${query}`,
    "?calendarType=office365&connected=true",
  );
  expect(await accounts()).toEqual(["alice@gmail.example", "bob@outlook.example"]);
  // Not the page, nor the list, of before.
  if (hasServerPages) expect(await page()).toContain("bob@outlook.example");

  const { disconnected } = await ada.post("/calendars/disconnect", { calendarType: "google" });
  expect(disconnected).toHaveLength(1);
  expect(await accounts()).toEqual(["bob@outlook.example"]);
  if (hasServerPages) expect(await page()).not.toContain("alice@gmail.example");

  const notJson = await ada.visit(`${url}/api/cal/calendars/disconnect`, {
    method: "POST",
    body: "x",
    headers: { "content-type": "text/plain", origin: new URL(url).origin },
  });
  expect(notJson.status).toBe(415);
  const foreign = await ada.visit(`${url}/api/cal/calendars/disconnect`, {
    method: "POST",
    body: JSON.stringify({ calendarType: "office365" }),
    headers: {
      "content-type": "application/json",
      origin: "https://evil.example",
      "sec-fetch-site": "cross-site",
    },
  });
  expect(foreign.status).toBe(403);
  expect((await ada.visit(`${url}/api/cal/nothing`)).status).toBe(404);
}

/** A browser: it keeps cookies, and follows redirects within the application. */
function openBrowser(url: string, user?: string) {
  const { origin } = new URL(url);
  const jar = new CookieJar();
  if (user !== undefined) jar.setCookieSync(`session=${user}; Path=/; SameSite=Lax`, origin);

  const visit = async (target: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("cookie", await jar.getCookieString(target));
    const response = await fetch(target, { ...init, redirect: "manual", headers });
    for (const cookie of response.headers.getSetCookie()) await jar.setCookie(cookie, target);
    const location = response.headers.get("location");
    if (location === null) return response;
    const next = new URL(location, target);
    if (next.origin !== origin) throw new Error(`${target} redirects to ${next.href}`);
    const keepsMethod = response.status === 307 || response.status === 308;
    return visit(next.href, keepsMethod ? init : {});
  };
  const read = async (path: string, init: RequestInit = {}): Promise<Data> => {
    const response = await visit(`${url}/api/cal${path}`, init);
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${String(response.status)} ${text}`);
    return (JSON.parse(text) as { data: Data }).data;
  };
  return {
    visit,
    read,
    post: (path: string, body: object) =>
      read(path, {
        method: "POST",
        headers: { "content-type": "application/json", origin, "sec-fetch-site": "same-origin" },
        body: JSON.stringify(body),
      }),
    /** Returns from a consent page, and ends on the application's settings with this query. */
    async returns(target: string, query: string) {
      const response = await visit(target);
      expect(response.status, target).toBe(200);
      expect(response.url.replace("/settings/?", "/settings?")).toBe(`${url}/settings${query}`);
      expect(await response.text()).toContain("Settings");
    },
  };
}
