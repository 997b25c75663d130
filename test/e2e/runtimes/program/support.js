// What the checks share. Plain JavaScript that every runtime has, as an application would write it.

export const SECRET = "a-secret-of-the-tests-that-is-long-enough";
export const ORIGIN = "https://app.example";

export const ada = { email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" };

export function equal(actual, expected, what = "value") {
  const [is, should] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (is !== should) throw new Error(`${what}: ${is} instead of ${should}`);
}

/** What the promise rejects with. */
export async function rejection(promise) {
  const outcome = await promise.then(
    () => undefined,
    (error) => ({ error }),
  );
  if (!outcome) throw new Error("it should have failed");
  return outcome.error;
}

/** An emulator and a client of it, by the same clock. */
export function start({ calbridge, testing }, options = {}) {
  const emulator = testing.createCalEmulator();
  const now = () => emulator.clock.now();
  const tokenStore = calbridge.memoryTokenStore({ now });
  const cal = new calbridge.CalClient({
    managedUsers: { clientId: emulator.clientId, clientSecret: emulator.clientSecret },
    baseUrl: emulator.url,
    fetch: emulator.fetch,
    tokenStore,
    now,
    ...options,
  });
  return { emulator, cal, tokenStore, now };
}

/** Refreshes that Cal.com was asked for, of either kind. */
export function refreshes(emulator) {
  const path = `/oauth/${emulator.clientId}/refresh`;
  const forced = /^\/oauth-clients\/[^/]+\/users\/\d+\/force-refresh$/;
  return emulator.count({ method: "POST", path }) + emulator.count({ method: "POST", path: forced });
}

/** A browser with one session: it keeps cookies, and says of each request where it came from. */
export function createBrowser(send, userId) {
  const cookies = new Map([["session", userId]]);
  async function request(url, init, site) {
    const cookie = [...cookies].map((pair) => pair.join("=")).join("; ");
    const headers = { ...init.headers, cookie, "sec-fetch-site": site };
    const response = await send(url, { ...init, headers, redirect: "manual" });
    for (const line of response.headers.getSetCookie()) {
      const [, name, value] = /^([^=]+)=([^;]*)/.exec(line);
      if (/max-age=0/i.test(line)) cookies.delete(name);
      else cookies.set(name, value);
    }
    return response;
  }
  const ask = async (path, init = {}) =>
    (await request(`${ORIGIN}/api/cal${path}`, init, "same-origin")).json();
  return {
    get: (path) => ask(path),
    post: (path, body) =>
      ask(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    /** A navigation that another site has sent the browser on. Answers where it is sent next. */
    async visit(url) {
      const response = await request(url, {}, "cross-site");
      equal(response.status, 303, "status of the way back");
      const { pathname, searchParams } = new URL(response.headers.get("location"));
      return { page: pathname, ...Object.fromEntries(searchParams) };
    },
  };
}

/** The application's own session: a cookie with the user's id. */
export function authenticate(request) {
  const userId = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  return userId
    ? { userId, email: `${userId}@users.example`, name: userId, timeZone: "Europe/London" }
    : null;
}
