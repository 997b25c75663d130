// Shared by the checks. Plain JavaScript that runs on all runtimes.

export const SECRET = "a-secret-of-the-tests-that-is-long-enough";
export const ORIGIN = "https://app.example";

export const ada = { email: "ada@example.com", name: "Ada Lovelace", timeZone: "Europe/London" };

export function equal(actual, expected, what = "value") {
  const [received, wanted] = [JSON.stringify(actual), JSON.stringify(expected)];
  if (received !== wanted) throw new Error(`${what}: ${received} instead of ${wanted}`);
}

/** Returns the error that the promise rejects with. */
export async function rejection(promise) {
  const outcome = await promise.then(
    () => undefined,
    (error) => ({ error }),
  );
  if (!outcome) throw new Error("the promise resolved instead of rejecting");
  return outcome.error;
}

/** An emulator and a client of it, with the same clock. */
export function start({ calbridge, testing }, options = {}) {
  const emulator = testing.createCalEmulator();
  const now = () => emulator.clock.now();
  const tokenStore = calbridge.memoryTokenStore({ now });
  const cal = new calbridge.CalClient({
    ...emulator.clientOptions,
    tokenStore,
    now,
    ...options,
  });
  return { emulator, cal, tokenStore, now };
}

/** The number of refreshes and forced refreshes. */
export function refreshes(emulator) {
  const path = `/oauth/${emulator.clientId}/refresh`;
  const forced = /^\/oauth-clients\/[^/]+\/users\/\d+\/force-refresh$/;
  return emulator.count({ method: "POST", path }) + emulator.count({ method: "POST", path: forced });
}

/** A browser with one session: it stores cookies and sends Sec-Fetch-Site. */
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
  const call = async (path, init = {}) =>
    (await request(`${ORIGIN}/api/cal${path}`, init, "same-origin")).json();
  return {
    get: (path) => call(path),
    post: (path, body) =>
      call(path, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      }),
    /** A navigation from another site. Returns the page that it redirects to. */
    async visit(url) {
      const response = await request(url, {}, "cross-site");
      equal(response.status, 303, "status of the callback");
      const { pathname, searchParams } = new URL(response.headers.get("location"));
      return { page: pathname, ...Object.fromEntries(searchParams) };
    },
  };
}

/** Returns the application's session: a cookie with the user's id. */
export function authenticate(request) {
  const userId = /(?:^|; )session=(\w+)/.exec(request.headers.get("cookie") ?? "")?.[1];
  return userId
    ? { userId, email: `${userId}@users.example`, name: userId, timeZone: "Europe/London" }
    : null;
}
