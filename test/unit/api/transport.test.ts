import type { TestClientOptions } from "../../support/client-options.js";
import nock from "nock";
import { describe, expect, test, vi } from "vitest";
import { CalApiError, CalClient, CalNetworkError } from "../../../src/index.js";
import { rejection, storeOfAda } from "../../support/client.js";

const ORIGIN = "https://api.cal.com";
const user = { id: 101, email: "ada+client-1@example.com" };
const ok = (data?: unknown) => ({ status: "success", data });

async function client(options: TestClientOptions = {}): Promise<CalClient> {
  const tokenStore = options.tokenStore ?? (await storeOfAda());
  return new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
    ...options,
    tokenStore,
  });
}

/** A fetch that always returns this response and records the requests. */
function recording(respond: () => Response) {
  const requests: Request[] = [];
  const fetch: typeof globalThis.fetch = (input, init) => {
    requests.push(new Request(input, init));
    return Promise.resolve(respond());
  };
  return { requests, fetch };
}

describe("the option `cache`", () => {
  // A runtime's choice is remembered: each test loads the modules anew.
  async function optionsOfARequest(): Promise<RequestInit | undefined> {
    vi.resetModules();
    const { CalClient: Client } = await import("../../../src/index.js");
    const inits: (RequestInit | undefined)[] = [];
    const cal = new Client({
      managedUsers: { clientId: "client-1", clientSecret: "the-secret" },
      tokenStore: await storeOfAda(),
      fetch: (_url, init) => {
        inits.push(init);
        return Promise.resolve(Response.json(ok(user)));
      },
    });
    await cal.forUser("ada").profile();
    return inits[0];
  }

  test("keeps responses out of a framework's cache of fetch, such as that of Next.js 14", async () => {
    expect(await optionsOfARequest()).toMatchObject({ cache: "no-store" });
  });

  test("is left out where the runtime throws for it, as Workers do without a compatibility flag", async () => {
    class WorkersRequest extends Request {
      constructor(input: RequestInfo | URL, init?: RequestInit) {
        if (init && "cache" in init) {
          throw new Error("The 'cache' field on 'RequestInitializerDict' is not implemented.");
        }
        super(input, init);
      }
    }
    vi.stubGlobal("Request", WorkersRequest);
    try {
      expect(await optionsOfARequest()).not.toHaveProperty("cache");
    } finally {
      vi.unstubAllGlobals();
    }
  });
});

describe("headers and body", () => {
  test("a call for a user has the access token, and no credentials of the OAuth client", async () => {
    const { requests, fetch } = recording(() => Response.json(ok(user)));
    await (await client({ fetch })).forUser("ada").profile();
    const headers = Object.fromEntries(requests[0]!.headers);
    expect(headers["authorization"]).toBe("Bearer stored-access-token");
    expect(headers).not.toHaveProperty("x-cal-client-id");
    expect(headers).not.toHaveProperty("x-cal-secret-key");
    expect(headers).not.toHaveProperty("origin");
  });

  test("a call as the OAuth client has its id and secret, and no token", async () => {
    const { requests, fetch } = recording(() => Response.json(ok(user)));
    await (await client({ fetch })).managedUsers.get(101);
    const headers = Object.fromEntries(requests[0]!.headers);
    expect(headers["x-cal-client-id"]).toBe("client-1");
    expect(headers["x-cal-secret-key"]).toBe("the-secret");
    expect(headers).not.toHaveProperty("authorization");
    expect(headers).not.toHaveProperty("origin");
  });

  test("a refresh has the client's id and secret, and no token in a header", async () => {
    const tokens = { accessToken: "a2", refreshToken: "r2" };
    const { requests, fetch } = recording(() => Response.json(ok(tokens)));
    await (await client({ fetch })).managedUsers.refreshTokens("r1");
    const [request] = requests;
    expect(request!.headers.get("x-cal-client-id")).toBe("client-1");
    expect(request!.headers.get("x-cal-secret-key")).toBe("the-secret");
    expect(request!.headers.has("authorization")).toBe(false);
    expect(request!.url).toBe(`${ORIGIN}/v2/oauth/client-1/refresh`);
    expect(await request!.json()).toEqual({ refreshToken: "r1" });
  });

  test("save has no credentials in its headers: the state contains the token", async () => {
    const { requests, fetch } = recording(() => new Response(null, { status: 301 }));
    const state = JSON.stringify({ accessToken: "stored-access-token", origin: "o" });
    await (await client({ fetch })).forUser("ada").calendars.save("google", { code: "c", state });
    const headers = Object.fromEntries(requests[0]!.headers);
    for (const name of ["authorization", "x-cal-client-id", "x-cal-secret-key", "origin", "cookie"]) {
      expect(headers).not.toHaveProperty(name);
    }
  });

  test("with the global fetch there is no Origin header and the body is JSON", async () => {
    nock(ORIGIN, { badheaders: ["origin", "authorization"] })
      .post("/v2/oauth-clients/client-1/users", { email: "a@b.example", name: "Ä" })
      .matchHeader("content-type", /^application\/json/)
      .matchHeader("x-cal-client-id", "client-1")
      .matchHeader("x-cal-secret-key", "the-secret")
      .reply(201, ok({ user, accessToken: "a", refreshToken: "r" }));
    const created = await (await client()).managedUsers.create({ email: "a@b.example", name: "Ä" });
    expect(created.user.id).toBe(101);
  });
});

describe("URLs", () => {
  test("baseUrl may have a path and a slash at its end", async () => {
    nock("https://cal.example").get("/api/v2/me").reply(200, ok(user));
    const cal = await client({ baseUrl: "https://cal.example/api/v2/" });
    expect(await cal.forUser("ada").profile()).toMatchObject({ id: 101 });
  });

  test("a plus in an email address is percent-encoded", async () => {
    const { requests, fetch } = recording(() => Response.json(ok([])));
    const cal = await client({ fetch });
    for await (const found of cal.managedUsers.list({ emails: ["a+b@x.example", "c@x.example"] }))
      expect.fail(`the list is empty, but it yielded ${String(found.id)}`);
    const { search, searchParams } = new URL(requests[0]!.url);
    expect(search).toContain("%2B");
    expect(searchParams.get("emails")).toBe("a+b@x.example,c@x.example");
  });

  test("a client id with a slash is one segment of the path", async () => {
    const { requests, fetch } = recording(() => Response.json(ok(user)));
    await (
      await client({ fetch, managedUsers: { clientId: "a/../b?c#d", clientSecret: "s" } })
    ).managedUsers.get(1);
    expect(requests[0]!.url).toBe(`${ORIGIN}/v2/oauth-clients/a%2F..%2Fb%3Fc%23d/users/1`);
  });

  test("busy times send their calendars in the format of Cal.com", async () => {
    const { requests, fetch } = recording(() => Response.json(ok([])));
    await (await client({ fetch })).forUser("ada").calendars.busyTimes({
      from: new Date("2027-01-04T00:00:00Z"),
      to: "2027-01-05T00:00:00+01:00",
      timeZone: "Europe/Berlin",
      calendars: [
        { credentialId: 8, externalId: "a&b=c@x.example" },
        { credentialId: 9, externalId: "d" },
      ],
    });
    const { pathname, searchParams } = new URL(requests[0]!.url);
    expect(pathname).toBe("/v2/calendars/busy-times");
    expect(Object.fromEntries(searchParams)).toEqual({
      timeZone: "Europe/Berlin",
      dateFrom: "2027-01-04T00:00:00.000Z",
      dateTo: "2027-01-05T00:00:00+01:00",
      "calendarsToLoad[0][credentialId]": "8",
      "calendarsToLoad[0][externalId]": "a&b=c@x.example",
      "calendarsToLoad[1][credentialId]": "9",
      "calendarsToLoad[1][externalId]": "d",
    });
  });
});

describe("redirects", () => {
  const state = JSON.stringify({ accessToken: "stored-access-token", origin: "o", redir: "r" });

  test("the redirect of save is read and not followed", async () => {
    // nock rejects any other request, such as one to app.example.
    nock(ORIGIN)
      .get("/v2/calendars/google/save")
      .query({ state, code: "the-code" })
      .reply(301, "Moved Permanently", { Location: "https://app.example/done?x=1" });
    const saved = (await client()).forUser("ada").calendars.save("google", { code: "the-code", state });
    expect(await saved).toEqual({ returnUrl: "https://app.example/done?x=1" });
  });

  test("save without a Location header returns null", async () => {
    nock(ORIGIN).get("/v2/calendars/google/save").query(true).reply(301, "");
    const saved = (await client()).forUser("ada").calendars.save("google", { code: "the-code", state });
    expect(await saved).toEqual({ returnUrl: null });
  });

  test.each([200, 201])("save rejects status %i, which is not a redirect", async (status) => {
    for (const body of ["", "{}", '{"status":"success"}', "<html>Sign in to the Wi-Fi</html>"]) {
      const { fetch } = recording(() => new Response(body, { status }));
      const saved = (await client({ fetch })).forUser("ada").calendars.save("google", { code: "c", state });
      expect(await rejection(saved)).toMatchObject({ code: "invalid_response", status });
    }
  });

  test.each([301, 302, 303, 307, 308])(
    "a redirect (%i) of another call is an error and is not followed with the secrets",
    async (status) => {
      nock(ORIGIN)
        .get("/v2/oauth-clients/client-1/users/1")
        .reply(status, "", { Location: "https://elsewhere.example/" });
      const error = await rejection((await client()).managedUsers.get(1));
      expect(error).toBeInstanceOf(CalApiError);
      expect(error).toMatchObject({ code: "api_error", status });
      expect((error as Error).message).toContain("redirect");
    },
  );
});

describe("responses that can't be read", () => {
  const bodies: Record<string, string> = {
    "HTML with status 200": "<!doctype html><html><body>It works!</body></html>",
    "an empty body": "",
    "incomplete JSON": '{"status":"success","data":{"id":1,"em',
    null: "null",
    "a number": "42",
    "a list": "[]",
    "no status": '{"data":{}}',
    "another status": '{"status":"error","data":{}}',
    "no data": '{"status":"success"}',
    "data of another type": '{"status":"success","data":"x"}',
    "a field of another type": '{"status":"success","data":{"id":"one","email":"e"}}',
  };
  test.each(Object.entries(bodies))("%s is invalid_response", async (_, body) => {
    const { fetch } = recording(
      () => new Response(body, { status: 200, headers: { "X-Request-Id": "r-1" } }),
    );
    const error = await rejection((await client({ fetch })).forUser("ada").profile());
    expect(error).toBeInstanceOf(CalApiError);
    expect(error).toMatchObject({ code: "invalid_response", status: 200, requestId: "r-1" });
  });

  test.each(Object.entries(bodies).filter(([name]) => !name.includes("data") && !name.includes("field")))(
    "%s does not count as a working connection",
    async (_, body) => {
      const { fetch } = recording(() => new Response(body, { status: 200 }));
      const { calendars } = (await client({ fetch })).forUser("ada");
      for (const call of [
        () => calendars.check("google"),
        () => calendars.checkIcsFeed(),
        () => calendars.select({ integration: "google_calendar", externalId: "e", credentialId: 1 }),
        () => calendars.unselect({ integration: "google_calendar", externalId: "e", credentialId: 1 }),
      ]) {
        expect(await rejection(call())).toMatchObject({ code: "invalid_response" });
      }
    },
  );

  test("a 204 without a body is a success when an event is deleted", async () => {
    const { fetch } = recording(() => new Response(null, { status: 204 }));
    const scope = (await client({ fetch })).forUser("ada").calendars.connection("8");
    await expect(scope.events.delete("e1")).resolves.toBeUndefined();
  });

  test("the error's message has the name of the field and not its value", async () => {
    const { fetch } = recording(() => Response.json(ok({ id: "the-value", email: "e" })));
    const error = (await rejection((await client({ fetch })).forUser("ada").profile())) as CalApiError;
    expect(error.message).toContain("data.id");
    expect(error.message).not.toContain("the-value");
  });
});

test("a broken connection is a CalNetworkError with the cause", async () => {
  nock(ORIGIN)
    .get("/v2/me")
    .replyWithError(Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" }));
  const error = await rejection((await client({ retry: { limit: 0 } })).forUser("ada").profile());
  expect(error).toBeInstanceOf(CalNetworkError);
  expect(error).toMatchObject({ code: "network_error" });
  expect((error as Error).cause).toBeInstanceOf(Error);
});

test("the message of a network error or timeout has the origin of baseUrl and not its path", async () => {
  const fetch = () => Promise.reject(Object.assign(new Error("no"), { code: "ECONNREFUSED" }));
  const baseUrl = "https://proxy.example:8443/the-key/v2";
  const cal = await client({ fetch, baseUrl, retry: { limit: 0 } });
  expect(((await rejection(cal.forUser("ada").profile())) as Error).message).toBe(
    "GET /me got no complete response from https://proxy.example:8443: the connection failed (ECONNREFUSED).",
  );
  const late = await client({ fetch: () => new Promise(() => undefined), baseUrl, retry: { limit: 0 } });
  expect(((await rejection(late.forUser("ada").profile({ timeoutMs: 1 }))) as Error).message).toBe(
    "GET /me got no complete response from https://proxy.example:8443 within 1 ms.",
  );
});
