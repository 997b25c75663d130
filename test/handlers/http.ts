import { createServer, type RequestListener } from "node:http";
import type { AddressInfo } from "node:net";
import { CookieJar } from "tough-cookie";

/** Serves on a free port. */
export async function serve(listener: RequestListener): Promise<{ origin: string; close(): Promise<void> }> {
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** A browser on a real network: it keeps cookies and follows nothing by itself. */
function httpBrowser(cookies: Record<string, string>, origin: string) {
  const jar = new CookieJar();
  for (const [name, value] of Object.entries(cookies)) jar.setCookieSync(`${name}=${value}; Path=/`, origin);
  return async (url: string, init: RequestInit = {}): Promise<Response> => {
    const headers = new Headers(init.headers);
    headers.set("cookie", await jar.getCookieString(url));
    const response = await fetch(url, { redirect: "manual", ...init, headers });
    for (const set of response.headers.getSetCookie()) await jar.setCookie(set, url);
    return response;
  };
}

/** What the answers hold, all in one. */
interface Data {
  authUrl: string;
  calendars: { email: string }[];
  connected: boolean;
  disconnected: unknown[];
}

const json = { "content-type": "application/json" };

/**
 * The whole flow as a browser goes it, over HTTP: both ways back with one provider, the other steps, and the
 * disconnect. Throws at the first step that is not as it should be.
 */
export async function walk(app: {
  origin: string;
  /** Where the routes are, if not at `/api/cal`. */
  basePath?: string;
  provider: "google" | "office365";
  authorize: (
    authUrl: string,
    options: { account: string; stopBeforeCallback: boolean },
  ) => Promise<{ redirectTo?: string; code?: string | null; state?: string | null }>;
}): Promise<void> {
  const { origin, basePath = "/api/cal", provider, authorize } = app;
  const api = origin + basePath;
  const visit = httpBrowser({ session: "ada", other: "x" }, origin);
  const read = async (response: Response): Promise<Data> => {
    const text = await response.text();
    if (!response.ok) throw new Error(`${response.status} ${text}`);
    return (JSON.parse(text) as { data: Data }).data;
  };
  const post = async (path: string, body: object) =>
    read(await visit(api + path, { method: "POST", headers: json, body: JSON.stringify(body) }));
  const start = async (): Promise<string> =>
    (await read(await visit(`${api}/calendars/oauth-connect-url?type=${provider}`))).authUrl;
  const accounts = provider === "google" ? ["alice", "carol"] : ["bob", "erin"];
  const isConnected = (response: Response, page: string): void => {
    const location = response.headers.get("location") ?? "";
    const expected = `${origin}${page}?calendarType=${provider}&connected=true`;
    if (response.status !== 303 || location !== expected) {
      throw new Error(`${response.status} ${location}, not 303 ${expected}`);
    }
  };

  const first = await authorize(await start(), { account: accounts[0]!, stopBeforeCallback: false });
  isConnected(await visit(first.redirectTo!), "/connected");

  const second = await authorize(await start(), { account: accounts[1]!, stopBeforeCallback: true });
  const path = provider === "google" ? "gcal-oauth-redirect" : "office-oauth-redirect";
  const query = new URLSearchParams({ code: second.code!, state: second.state! }).toString();
  isConnected(await visit(`${api}/${path}?${query}`), "/connected");

  const status = await read(await visit(`${api}/calendars/status`));
  const names = status.calendars.map(({ email }) => email.split("@")[0]);
  if (names.join() !== accounts.join()) throw new Error(`connected are ${names.join()}`);
  const synced = await post("/calendars/sync-credentials", { calendarType: provider });
  if (!synced.connected) throw new Error("not synced");
  const gone = await post("/calendars/disconnect", { calendarType: provider });
  if (gone.disconnected.length !== 2) throw new Error("not disconnected");

  const refused = await visit(`${api}/calendars/disconnect`, { method: "POST", body: "x" });
  if (refused.status !== 415) throw new Error(`${refused.status}, not 415`);
  const unknown = await visit(`${api}/nothing`);
  if (unknown.status !== 404) throw new Error(`${unknown.status}, not 404`);
}
