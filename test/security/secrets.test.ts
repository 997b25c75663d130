import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import { CalClient, isCalError, memoryTokenStore, type TokenStore } from "../../src/index.js";
import { rejection, tokensOf, turnUntil, useFakeTimers } from "../support/client.js";
import { everyMethod, type InputSecrets } from "../support/every-method.js";
import { leaksIn } from "../support/leaks.js";

const jwt = (name: string, ownerId = 101) =>
  `${Buffer.from('{"alg":"HS256"}').toString("base64url")}.${Buffer.from(JSON.stringify({ ownerId, name })).toString("base64url")}.c2lnbmF0dXJl-${name}`;

/** As Cal.com's are, and as they may be one day. */
const tokenKinds = {
  "tokens as Cal.com makes them": jwt,
  "tokens without any shape": (name: string) => `opaque/${name}+token=&"q"`,
};

function secretsWith(token: (name: string) => string) {
  const accessToken = token("old-access").replaceAll(/[^\x21-\x7e]/g, "");
  return {
    accessToken,
    refreshToken: token("old-refresh"),
    newAccessToken: token("new-access"),
    newRefreshToken: token("new-refresh"),
    clientSecret: "cl1ent-s3cret/+=",
    code: "4/0A-c0de-from-google",
    state: JSON.stringify({ accessToken, origin: "nonce-in-the-state", redir: "https://app.example/r?k=v" }),
    nonce: "nonce-in-the-state",
    applePassword: 'abcd-efgh "ijkl" +%&',
    icsUrl: "https://feeds.example/private-1cs-secret/basic.ics?key=1cs-key",
    icsKey: "1cs-key",
  };
}
type Secrets = ReturnType<typeof secretsWith>;

/** All that a request holds, as a careless server or proxy could repeat it. */
async function everythingIn(request: Request): Promise<string> {
  const { authorization, "x-cal-secret-key": secret } = Object.fromEntries(request.headers);
  return [
    request.url,
    decodeURIComponent(request.url),
    authorization,
    secret,
    await request.clone().text(),
  ].join(" ");
}

type Fail = (request: Request, secrets: Secrets) => Promise<Response> | Response;
const failures: Record<string, Fail> = {};

for (const status of [301, 400, 401, 403, 404, 409, 413, 415, 422, 429, 431, 498, 500, 502, 503]) {
  failures[`${String(status)} that repeats the request`] = async (request, secrets) => {
    const said = await everythingIn(request);
    const parsed: unknown = await request
      .clone()
      .json()
      .catch(() => null);
    const url = new URL(request.url);
    const body = {
      status: "error",
      path: url.pathname + url.search,
      error: {
        code: "BadRequestException",
        message: `Refused: ${said}`,
        details: {
          message: said,
          errors: [
            { target: parsed, value: said, property: "p", constraints: { isString: `p was ${said}` } },
          ],
        },
      },
    };
    return Response.json(body, { status, headers: { "X-Request-Id": secrets.newAccessToken.slice(0, 20) } });
  };
}
failures["401 about the token that repeats the token"] = async (request) =>
  Response.json(
    { status: "error", error: { code: "E", message: `ApiAuthStrategy - ${await everythingIn(request)}` } },
    { status: 401 },
  );
failures["a bare error that repeats the request"] = async (request) =>
  Response.json({ statusCode: 500, message: await everythingIn(request) }, { status: 500 });
failures["an OAuth 2 error that repeats the request"] = async (request) =>
  Response.json({ error: "invalid_grant", error_description: await everythingIn(request) }, { status: 400 });
failures["an error whose code is a secret"] = (_, { newRefreshToken }) =>
  Response.json({ status: "error", error: { code: newRefreshToken, message: "no" } }, { status: 400 });
failures["HTML that repeats the request, as an error"] = async (request) =>
  new Response(`<html><body>${await everythingIn(request)}</body></html>`, { status: 502 });
failures["HTML that repeats the request, as a success"] = async (request) =>
  new Response(`<html><body>${await everythingIn(request)}</body></html>`, { status: 200 });
failures["a success of another shape, with tokens"] = (_, { newAccessToken, newRefreshToken }) =>
  Response.json({
    status: "success",
    data: { accessToken: [newAccessToken], refreshToken: { newRefreshToken } },
  });
failures["a success cut short, with tokens"] = (_, { newAccessToken, newRefreshToken }) =>
  new Response(
    `{"status":"success","data":{"accessToken":${JSON.stringify(newAccessToken)},"refreshToken":"${newRefreshToken.slice(0, 12)}`,
  );
failures["a success with a secret for a key"] = (_, { newAccessToken }) =>
  Response.json({ status: "success", data: [{ [newAccessToken]: 1, id: "x" }] });
failures["a reset whose cause holds the request"] = async (request) => {
  const said = await everythingIn(request);
  const cause = Object.assign(new Error(`read ECONNRESET ${said}`), {
    code: "ECONNRESET",
    options: { said },
  });
  throw Object.assign(new TypeError(`fetch failed: ${said}`, { cause }), { request, said, url: request.url });
};
failures["several failures in one"] = async (request) => {
  const said = await everythingIn(request);
  throw new AggregateError([new Error(said)], said);
};
// A fetch of the application's own may reject with anything.
/* eslint-disable @typescript-eslint/prefer-promise-reject-errors */
failures["a text thrown"] = async (request) => Promise.reject(await everythingIn(request));
failures["an object thrown"] = async (request) =>
  Promise.reject({ said: await everythingIn(request), request });
/* eslint-enable @typescript-eslint/prefer-promise-reject-errors */
failures["no answer in time"] = () => new Promise(() => undefined);
failures["a body that stalls"] = async (request) => {
  const half = new TextEncoder().encode(await everythingIn(request));
  return new Response(new ReadableStream({ start: (controller) => controller.enqueue(half) }));
};

/** A client that keeps all that its hooks and its logger are told. */
function watched(secrets: Secrets, fetch: typeof globalThis.fetch, tokenStore: TokenStore) {
  const told: unknown[] = [];
  const tell = (...args: unknown[]) => void told.push(args);
  const cal = new CalClient({
    managedUsers: { clientId: "client-1", clientSecret: secrets.clientSecret },
    fetch,
    tokenStore,
    retry: { limit: 1 },
    timeoutMs: 2_000,
    hooks: { onRequest: tell, onResponse: tell, onTokenRefresh: tell },
    logger: { debug: tell, warn: tell, error: tell },
  });
  return { cal, told };
}

async function storeWith({ accessToken, refreshToken }: Secrets, isExpired: boolean): Promise<TokenStore> {
  const store = memoryTokenStore();
  const calAccessTokenExpiresAt = new Date(Date.now() + (isExpired ? -1 : 3_600_000));
  const tokens = { calAccessToken: accessToken, calRefreshToken: refreshToken, calAccessTokenExpiresAt };
  await store.set(tokensOf("ada", tokens), { ifVersion: null });
  return store;
}

const outcomeOf = (work: Promise<unknown>) => work.catch((error: unknown) => error);
const written = () =>
  (["log", "info", "warn", "error", "debug", "trace"] as const).map((level) =>
    vi.spyOn(console, level).mockImplementation(() => undefined),
  );

beforeEach(() => useFakeTimers());
afterEach(() => void vi.useRealTimers());

describe.each(Object.entries(tokenKinds))("no secret gets out: %s", (_, token) => {
  const secrets = secretsWith(token);
  const given: InputSecrets = secrets;

  describe.each([false, true])("(the stored token has expired: %s)", (isExpired) => {
    test.each(Object.entries(failures))("%s, whatever is called", async (_, fail) => {
      const consoles = written();
      for (const { name, call } of everyMethod) {
        const fetch: typeof globalThis.fetch = async (input, init) => fail(new Request(input, init), secrets);
        const { cal, told } = watched(secrets, fetch, await storeWith(secrets, isExpired));
        const outcome = await turnUntil(outcomeOf(call(cal, given)), 1_000);
        if (outcome instanceof Error) expect(isCalError(outcome), `${name}: ${outcome.message}`).toBe(true);
        // A request of the caller's own resolves with what Cal.com returned.
        const isRaw = /\.(request|paginate)$/.test(name) && !(outcome instanceof Error);
        if (!isRaw) expect(leaksIn(outcome, secrets), `${name}: what came of it`).toEqual([]);
        expect(leaksIn(told, secrets), `${name}: what hooks and logger were told`).toEqual([]);
        expect(told.length, name).toBeGreaterThan(0);
      }
      for (const spy of consoles) expect(spy).not.toHaveBeenCalled();
    });
  });

  test("an abort, whatever is called", async () => {
    for (const { name, call } of everyMethod) {
      const fetch: typeof globalThis.fetch = () => new Promise(() => undefined);
      const { cal, told } = watched(secrets, fetch, await storeWith(secrets, false));
      const controller = new AbortController();
      const outcome = outcomeOf(call(cal, given, { signal: controller.signal }));
      for (let turns = 0; turns < 5; turns += 1) await new Promise(setImmediate);
      controller.abort();
      const error = await turnUntil(outcome, 1_000);
      expect(error, name).toBeInstanceOf(Error);
      expect(leaksIn([error, told], secrets), name).toEqual([]);
    }
  });
});

describe("no secret gets out of the token store's failures", () => {
  const dbPassword = "p0stgres-passw0rd";
  const secrets = { ...secretsWith(jwt), dbPassword };

  /** As database drivers do: the row in the message, the parameters beside it. */
  function driverError(): Error {
    const row = JSON.stringify({ accessToken: secrets.newAccessToken, refreshToken: secrets.refreshToken });
    return Object.assign(new Error(`duplicate key (${secrets.accessToken}, ${secrets.newRefreshToken})`), {
      code: "23505",
      detail: `Key (calAccessToken)=(${secrets.accessToken}) exists. ${row}`,
      parameters: [secrets.accessToken, secrets.newAccessToken],
      query: `INSERT ... '${secrets.newRefreshToken}'`,
      cause: new Error(`row was ${row}; postgres://app:${dbPassword}@db/app`),
    });
  }
  const renewed = () =>
    Promise.resolve(
      Response.json({
        status: "success",
        data: {
          accessToken: secrets.newAccessToken,
          refreshToken: secrets.newRefreshToken,
          user: { id: 102, email: "new+client-1@example.com" },
          id: 101,
          email: "ada+client-1@example.com",
        },
      }),
    );

  test.each(["get", "set", "delete", "acquireLease", "releaseLease"] as const)(
    "%s, whatever is called",
    async (method) => {
      let thrown = 0;
      for (const { name, call } of everyMethod) {
        const store = await storeWith(secrets, true);
        const broken: TokenStore = {
          ...store,
          [method]: () => {
            thrown += 1;
            return Promise.reject(driverError());
          },
        };
        const { cal, told } = watched(secrets, renewed, broken);
        const outcome = await turnUntil(outcomeOf(call(cal, secrets)), 1_000);
        // What these answer is what Cal.com answered: here, with tokens.
        const isAsked =
          /^managedUsers|^user\.(profile|update)|\.(request|paginate)$/.test(name) &&
          !(outcome instanceof Error);
        if (!isAsked) expect(leaksIn(outcome, secrets), name).toEqual([]);
        expect(leaksIn(told, secrets), name).toEqual([]);
      }
      expect(thrown).toBeGreaterThan(0);
    },
  );

  test("a store that throws at once, or hands out nonsense", async () => {
    const odd: Partial<TokenStore>[] = [
      {
        get: () => {
          throw driverError();
        },
      },
      {
        get: () =>
          Promise.resolve({ userId: "ada", calAccessToken: { token: secrets.accessToken } } as never),
      },
      { get: () => Promise.resolve(secrets.accessToken as never) },
      {
        get: () =>
          Promise.resolve({
            ...tokensOf("ada"),
            calAccessToken: `${secrets.accessToken}\n`,
            version: 1,
          } as never),
      },
    ];
    for (const methods of odd) {
      const { cal, told } = watched(secrets, renewed, { ...memoryTokenStore(), ...methods });
      const error = await turnUntil(rejection(cal.forUser("ada").profile()), 1_000);
      expect(isCalError(error), String((error as Error).stack)).toBe(true);
      expect(leaksIn([error, told], secrets)).toEqual([]);
    }
  });
});

describe("no secret gets out of errors of the package's own", () => {
  const secrets = secretsWith(jwt);
  const answering =
    (...answers: [number, unknown][]): typeof globalThis.fetch =>
    () => {
      const [status, body] = answers.shift() ?? [500, {}];
      return Promise.resolve(Response.json(body, { status }));
    };
  const error = { status: "error", error: { code: "E", message: `Invalid ${secrets.refreshToken}` } };

  test("tokens that can't be had any more", async () => {
    const gone = watched(secrets, answering([400, error], [404, error]), await storeWith(secrets, true));
    const noUser = watched(secrets, answering(), memoryTokenStore());
    const store = await storeWith(secrets, true);
    const refreshed = {
      status: "success",
      data: { accessToken: secrets.newAccessToken, refreshToken: secrets.newRefreshToken },
    };
    const deleted = watched(
      secrets,
      async () => {
        await store.delete("ada");
        return Response.json(refreshed);
      },
      store,
    );
    const codes: unknown[] = [];
    for (const { cal, told } of [gone, noUser, deleted]) {
      const caught = await turnUntil(rejection(cal.forUser("ada").accessToken()), 1_000);
      codes.push((caught as { code: string }).code);
      expect(leaksIn([caught, told], secrets)).toEqual([]);
    }
    expect(codes).toEqual(["cal_user_gone", "user_not_found", "user_not_found"]);
  });

  test("input that is refused", async () => {
    const { cal, told } = watched(secrets, answering(), await storeWith(secrets, false));
    const { calendars } = cal.forUser("ada");
    const all = Object.values(secrets);
    const wrong = (value: string): never => value as never;
    for (const value of [...all, ...all.map((secret) => `${secret}\n`), jwt("bob", 102)]) {
      for (const call of [
        () => calendars.connectUrl("google", { returnUrl: `/x?${value}` }),
        () => calendars.connectUrl(wrong(value), { returnUrl: "https://x.example" }),
        () =>
          calendars.save("google", { code: value, state: JSON.stringify({ accessToken: jwt("bob", 102) }) }),
        () => calendars.save("google", { code: value, state: `${value}}` }),
        () => calendars.connectApple({ username: "", password: value }),
        () => calendars.saveIcsFeed({ urls: [value.replace("https:", "webcal:")] }),
        () => calendars.disconnect("google", { credentialId: wrong(value) }),
        () => calendars.busyTimes({ from: value, to: value, timeZone: value, calendars: [] }),
        () => cal.managedUsers.create({ email: value, name: "N", timeZone: value }),
        () => cal.managedUsers.get(wrong(value)),
        () => cal.ensureUser("x", { email: `${value} @`, name: "N" }),
        () =>
          new CalClient({
            managedUsers: { clientId: "c", clientSecret: `${value}\n` },
            tokenStore: memoryTokenStore(),
          }),
        () =>
          new CalClient({
            managedUsers: { clientId: "c", clientSecret: "s" },
            tokenStore: wrong(value),
          }),
      ]) {
        const caught = await rejection(call);
        expect(caught).toMatchObject({ code: "invalid_input" });
        expect(leaksIn([caught, told], { ...secrets, value, bob: jwt("bob", 102) })).toEqual([]);
      }
    }
  });

  test("objects that are looked at", async () => {
    const ok = { status: "success", data: { id: 1, email: "a@b" } };
    const { cal, told } = watched(secrets, answering([200, ok]), await storeWith(secrets, false));
    const ada = cal.forUser("ada");
    await ada.profile();
    for (const value of [cal, ada, ada.calendars, cal.managedUsers, ada.calendars.connection("8"), told]) {
      expect(leaksIn(value, secrets)).toEqual([]);
      expect(inspect(value, { depth: Infinity, showHidden: true, showProxy: true })).not.toContain("stored-");
    }
  });
});
