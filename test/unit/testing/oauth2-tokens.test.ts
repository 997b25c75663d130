import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import {
  authorizeUrl,
  clientFields,
  createOAuth2Emulator,
  exchangeFields,
  REDIRECT_URI,
  refreshFields,
  SCOPES,
} from "../../support/oauth2-emulator.js";

type World = ReturnType<typeof createOAuth2Emulator>;

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Authorizes as Ada and exchanges the code. */
async function link({ emulator, api }: World): Promise<{ access: string; refresh: string }> {
  const { code } = await emulator.oauth2.authorize(authorizeUrl(emulator, { scope: SCOPES.join(",") }));
  const { status, body } = await api.token(exchangeFields(code!));
  expect(status).toBe(200);
  return { access: String(body.access_token), refresh: String(body.refresh_token) };
}

async function refresh({ api }: World, token: string): Promise<[number, string?]> {
  const { status, body } = await api.token(refreshFields(token));
  return status === 200 ? [200, String(body.refresh_token)] : [status, String(body.error_description)];
}

async function me({ api }: World, token: string): Promise<[number, string?]> {
  const { status, body } = await api.user(token, "GET", "/me");
  return status === 200 ? [200] : [status, body.error.message];
}

describe("OAuth 2 tokens", () => {
  test("strict: the claims, the lifetimes and the scopes are Cal.com's", async () => {
    const world = createOAuth2Emulator();
    const code = world.emulator.oauth2.issueCode({
      clientId: "app",
      userId: world.ada.id,
      scopes: ["APPS_READ"],
    });
    const { body, headers } = await world.api.token(exchangeFields(code));
    expect(body).toMatchObject({ token_type: "bearer", expires_in: 1800, scope: "APPS_READ" });
    expect(headers.get("cache-control")).toBe("no-store");
    const iat = Date.parse("2027-01-04T10:00:00Z") / 1000;
    const common = { userId: world.ada.id, teamId: null, scope: ["APPS_READ"], clientId: "app", iat };
    expect(decodeJwt(String(body.access_token))).toEqual({
      ...common,
      token_type: "Access Token",
      exp: iat + 1800,
    });
    expect(decodeJwt(String(body.refresh_token))).toEqual({
      ...common,
      token_type: "Refresh Token",
      exp: iat + 30 * 24 * 60 * 60,
      secret: expect.any(String),
    });
  });

  test("lenient: the response has no scope, and the refresh token no secret", async () => {
    const world = createOAuth2Emulator("lenient");
    const code = world.emulator.oauth2.issueCode({ clientId: "app", userId: world.ada.id });
    const { body } = await world.api.token(exchangeFields(code));
    expect(body).not.toHaveProperty("scope");
    expect(decodeJwt(String(body.refresh_token))).not.toHaveProperty("secret");
  });

  test("two access tokens of one second are identical", async () => {
    const world = createOAuth2Emulator();
    const [first, second] = [await link(world), await link(world)];
    expect(second.access).toBe(first.access);
    expect(second.refresh).not.toBe(first.refresh);
    world.emulator.clock.advance(1000);
    expect((await link(world)).access).not.toBe(first.access);
  });

  test("a code works once, for 10 minutes", async () => {
    const { emulator, api, ada } = createOAuth2Emulator();
    const grant = { clientId: "app", userId: ada.id };
    const [first, second] = [emulator.oauth2.issueCode(grant), emulator.oauth2.issueCode(grant)];
    emulator.clock.advance(10 * MINUTE_MS - 1);
    expect((await api.token(exchangeFields(first))).status).toBe(200);
    expect((await api.token(exchangeFields(first))).body.error_description).toBe("code_invalid_or_expired");
    emulator.clock.advance(1);
    expect((await api.token(exchangeFields(second))).body.error_description).toBe("code_invalid_or_expired");
  });

  test("of two exchanges at the same time, one succeeds", async () => {
    const { emulator, api, ada } = createOAuth2Emulator();
    const code = emulator.oauth2.issueCode({ clientId: "app", userId: ada.id });
    const responses = await Promise.all([1, 2].map(() => api.token(exchangeFields(code))));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 400]);
  });

  test("an access token lives 30 minutes, then it is 401, also in the state of save", async () => {
    const world = createOAuth2Emulator();
    const { access } = await link(world);
    const save = async (account: string) => {
      const state = JSON.stringify({ accessToken: access, origin: "o", redir: "https://app.example/" });
      return (
        await world.api.anonymous(
          `/calendars/google/save?${new URLSearchParams({ state, code: `good:${account}` })}`,
        )
      ).status;
    };
    world.emulator.clock.advance(30 * MINUTE_MS - 1);
    expect(await me(world, access)).toEqual([200]);
    expect(await save("alice")).toBe(301);
    world.emulator.clock.advance(1);
    expect(await me(world, access)).toEqual([401, "Invalid Access Token."]);
    expect(await save("carol")).toBe(401);
    expect(world.emulator.calendars.credentials(world.ada.id)).toMatchObject([
      { account: "alice@gmail.example" },
    ]);
  });

  test("a refresh token lives 30 days", async () => {
    const world = createOAuth2Emulator();
    const first = await link(world);
    world.emulator.clock.advance(30 * DAY_MS - 1);
    const [, second = ""] = await refresh(world, first.refresh);
    world.emulator.clock.advance(30 * DAY_MS);
    expect(await refresh(world, second)).toEqual([400, "invalid_refresh_token"]);
  });

  test("the old access token works after a refresh", async () => {
    const world = createOAuth2Emulator();
    const { access, refresh: token } = await link(world);
    world.emulator.clock.advance(MINUTE_MS);
    await refresh(world, token);
    expect(await me(world, access)).toEqual([200]);
  });
});

describe("refresh tokens of a strict server", () => {
  test("work once", async () => {
    const world = createOAuth2Emulator();
    const { refresh: first } = await link(world);
    const [, second = ""] = await refresh(world, first);
    expect(await refresh(world, first)).toEqual([400, "refresh_token_revoked"]);
    expect((await refresh(world, second))[0]).toBe(200);
  });

  test("one refresh ends all others of that user and client, and no others", async () => {
    const world = createOAuth2Emulator();
    const { emulator, ada, grace } = world;
    const [one, other] = [await link(world), await link(world)];
    const legacy = await emulator.oauth2.issueTokens({ clientId: "legacy", userId: ada.id });
    const graces = await emulator.oauth2.issueTokens({ clientId: "app", userId: grace.id });
    expect((await refresh(world, one.refresh))[0]).toBe(200);
    expect(await refresh(world, other.refresh)).toEqual([400, "refresh_token_revoked"]);
    expect((await refresh(world, graces.refreshToken))[0]).toBe(200);
    expect(emulator.oauth2.tokens(ada.id, { clientId: "legacy" }).refreshTokens).toEqual([
      legacy.refreshToken,
    ]);
  });

  test("a new authorization ends none", async () => {
    const world = createOAuth2Emulator();
    const first = await link(world);
    await link(world);
    expect((await refresh(world, first.refresh))[0]).toBe(200);
  });

  test("of before rotation work again and again, and end the rotated ones", async () => {
    const world = createOAuth2Emulator();
    const { refreshToken } = await world.emulator.oauth2.issueTokens({
      clientId: "app",
      userId: world.ada.id,
      withoutSecret: true,
    });
    const [, rotated = ""] = await refresh(world, refreshToken);
    expect((await refresh(world, refreshToken))[0]).toBe(200);
    expect(await refresh(world, rotated)).toEqual([400, "refresh_token_revoked"]);
  });

  test("refreshes at the same time all succeed, and the first that is used ends the others", async () => {
    const world = createOAuth2Emulator();
    const { refresh: token } = await link(world);
    const responses = await Promise.all([1, 2, 3].map(() => refresh(world, token)));
    expect(responses.map(([status]) => status)).toEqual([200, 200, 200]);
    const [first, second, third] = responses.map(([, value = ""]) => value) as [string, string, string];
    expect((await refresh(world, second))[0]).toBe(200);
    expect(await refresh(world, first)).toEqual([400, "refresh_token_revoked"]);
    expect(await refresh(world, third)).toEqual([400, "refresh_token_revoked"]);
  });

  test("revokeNextRefreshToken: a 200 with a refresh token that is dead, once", async () => {
    const world = createOAuth2Emulator();
    const { refresh: token } = await link(world);
    world.emulator.oauth2.revokeNextRefreshToken();
    const { status, body } = await world.api.token(refreshFields(token));
    expect(status).toBe(200);
    expect(await me(world, String(body.access_token))).toEqual([200]);
    expect(await refresh(world, String(body.refresh_token))).toEqual([400, "refresh_token_revoked"]);

    const again = await link(world);
    const [, next = ""] = await refresh(world, again.refresh);
    expect((await refresh(world, next))[0]).toBe(200);
  });

  test("loseNextRefresh: the refresh is processed, and its response is lost", async () => {
    const world = createOAuth2Emulator();
    const { refresh: token } = await link(world);
    const fault = world.emulator.oauth2.loseNextRefresh();
    // The exchange of a code is not a refresh.
    await link(world);
    await expect(refresh(world, token)).rejects.toThrow("fetch failed");
    expect(fault.hits).toBe(1);
    expect(await refresh(world, token)).toEqual([400, "refresh_token_revoked"]);
  });
});

describe("refresh tokens of a lenient server", () => {
  test("work any number of times, until they expire", async () => {
    const world = createOAuth2Emulator("lenient");
    const { refresh: token } = await link(world);
    for (let n = 0; n < 3; n++) expect((await refresh(world, token))[0]).toBe(200);
    world.emulator.clock.advance(30 * DAY_MS);
    expect(await refresh(world, token)).toEqual([400, "invalid_refresh_token"]);
  });

  test("controls of stored refresh tokens are rejected", async () => {
    const world = createOAuth2Emulator("lenient");
    await link(world);
    expect(() => world.emulator.oauth2.revokeRefreshTokens(world.ada.id)).toThrow("needs a strict server");
    expect(() => world.emulator.oauth2.revokeNextRefreshToken()).toThrow("needs a strict server");
  });
});

describe.each(["strict", "lenient"] as const)("the token endpoint of a %s server", (mode) => {
  test("a deleted person: refresh succeeds, and no call works", async () => {
    const world = createOAuth2Emulator(mode);
    const { access, refresh: token } = await link(world);
    world.emulator.people.delete(world.ada.id);
    const message = "ApiAuthStrategy - third-party token - No user or team owner associated with the token.";
    expect(await me(world, access)).toEqual([401, message]);
    const { status, body } = await world.api.token(refreshFields(token));
    expect(status).toBe(200);
    expect(await me(world, String(body.access_token))).toEqual([401, message]);
  });

  test("a client under review again: refreshes fail, and access tokens work", async () => {
    const world = createOAuth2Emulator(mode);
    const { access, refresh: token } = await link(world);
    world.emulator.oauth2.clients.review("app", "pending");
    expect(await refresh(world, token)).toEqual([401, "client_not_approved"]);
    world.emulator.oauth2.clients.review("app", "rejected");
    expect(await refresh(world, token)).toEqual([401, "client_rejected"]);
    expect(await me(world, access)).toEqual([200]);
    world.emulator.oauth2.clients.review("app", "approved");
    expect((await refresh(world, token))[0]).toBe(200);
  });

  test("a deleted client: refreshes fail, and access tokens work", async () => {
    const world = createOAuth2Emulator(mode);
    const { access, refresh: token } = await link(world);
    world.emulator.oauth2.clients.delete("app");
    expect(await refresh(world, token)).toEqual([401, "client_not_found"]);
    expect(await me(world, access)).toEqual([200]);
  });

  test("a refresh token of another client is client_id_mismatch", async () => {
    const world = createOAuth2Emulator(mode);
    const { refreshToken } = await world.emulator.oauth2.issueTokens({
      clientId: "legacy",
      userId: world.ada.id,
    });
    expect(await refresh(world, refreshToken)).toEqual([400, "client_id_mismatch"]);
  });

  test("a wrong secret is invalid_client, and the code survives", async () => {
    const { emulator, api, ada } = createOAuth2Emulator(mode);
    const code = emulator.oauth2.issueCode({ clientId: "app", userId: ada.id });
    const wrong = await api.token({ ...exchangeFields(code), client_secret: "wrong" });
    expect([wrong.status, wrong.body]).toEqual([
      401,
      { error: "invalid_client", error_description: "invalid_client_credentials" },
    ]);
    expect((await api.token(exchangeFields(code))).status).toBe(200);
  });

  test("a public client proves itself with PKCE, and a wrong verifier uses up the code", async () => {
    const { emulator, api, ada } = createOAuth2Emulator(mode);
    // RFC 7636, appendix B.
    const verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    const codeChallenge = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
    const code = () => emulator.oauth2.issueCode({ clientId: "public", userId: ada.id, codeChallenge });
    const exchange = (value: string, code_verifier: string) =>
      api.token({
        client_id: "public",
        grant_type: "authorization_code",
        redirect_uri: REDIRECT_URI,
        code: value,
        code_verifier,
      });
    expect((await exchange(code(), verifier)).status).toBe(200);
    const used = code();
    expect((await exchange(used, "x".repeat(43))).body.error_description).toBe("pkce_verification_failed");
    expect((await exchange(used, verifier)).body.error_description).toBe("code_invalid_or_expired");
  });

  test("120 requests a minute of one address, 500 with x-cal-client-id", async () => {
    const { api } = createOAuth2Emulator(mode, { rateLimits: true });
    const send = async (headers: Record<string, string> = {}) =>
      (await api.token(refreshFields("garbage"), headers)).status;
    for (let n = 0; n < 120; n++) expect(await send()).toBe(400);
    expect(await send()).toBe(429);
    const headers = { "x-cal-client-id": "app" };
    for (let n = 0; n < 500; n++) expect(await send(headers)).toBe(400);
    expect(await send(headers)).toBe(429);
  });

  test("the log of requests has the client, the user and the grant type, and no secrets", async () => {
    const world = createOAuth2Emulator(mode);
    const { refresh: token } = await link(world);
    await refresh(world, token);
    const path = "/auth/oauth2/token";
    const common = { method: "POST", path, clientId: "app", userId: world.ada.id, status: 200 };
    expect(world.emulator.requests).toMatchObject([
      { ...common, grantType: "authorization_code" },
      { ...common, grantType: "refresh_token" },
    ]);
    expect(world.emulator.count({ path, grantType: "refresh_token" })).toBe(1);
    expect(JSON.stringify(world.emulator.requests)).not.toMatch(/ey[\w-]+\.|app-secret|emulator-code/);
  });
});

describe("controls of OAuth 2 tokens", () => {
  test("tokens lists those that work", async () => {
    const world = createOAuth2Emulator();
    const first = await link(world);
    const { tokens } = world.emulator.oauth2;
    expect(tokens(world.ada.id)).toEqual({ accessTokens: [first.access], refreshTokens: [first.refresh] });
    world.emulator.clock.advance(1000);
    const [, second] = await refresh(world, first.refresh);
    expect(tokens(world.ada.id)).toMatchObject({ refreshTokens: [second] });
    expect(tokens(world.ada.id).accessTokens).toHaveLength(2);
    expect(tokens(world.ada.id, { clientId: "legacy" })).toEqual({ accessTokens: [], refreshTokens: [] });
  });

  test("expireAccessTokens, expireRefreshTokens and revokeRefreshTokens", async () => {
    const world = createOAuth2Emulator();
    const { oauth2 } = world.emulator;
    const first = await link(world);
    oauth2.expireAccessTokens(world.ada.id);
    expect(await me(world, first.access)).toEqual([401, "Invalid Access Token."]);
    oauth2.expireRefreshTokens(world.ada.id, { clientId: "app" });
    expect(await refresh(world, first.refresh)).toEqual([400, "invalid_refresh_token"]);

    const second = await link(world);
    oauth2.revokeRefreshTokens(world.ada.id);
    expect(await refresh(world, second.refresh)).toEqual([400, "refresh_token_revoked"]);
  });

  test("throw if nothing matches", () => {
    const { emulator, ada } = createOAuth2Emulator();
    const { oauth2 } = emulator;
    expect(() => oauth2.expireAccessTokens(ada.id)).toThrow("no such token");
    expect(() => oauth2.expireRefreshTokens(ada.id)).toThrow("no such token");
    expect(() => oauth2.revokeRefreshTokens(ada.id)).toThrow("no such token");
    expect(() => oauth2.issueCode({ clientId: "app" })).toThrow("a userId or for a teamId");
    expect(() => oauth2.issueCode({ clientId: "nope", userId: ada.id })).toThrow("no OAuth 2 client");
    expect(() => oauth2.issueCode({ clientId: "app", userId: 5 })).toThrow("emulator.people.list()");
    expect(() => oauth2.issueCode({ clientId: "app", teamId: 5 })).toThrow("no team");
  });
});

describe("controls of OAuth 2 clients", () => {
  test("both of two secrets work, and a rotated one doesn't", async () => {
    const world = createOAuth2Emulator();
    const { clients } = world.emulator.oauth2;
    const attempt = async (client_secret: string) => {
      const { refreshToken } = await world.emulator.oauth2.issueTokens({
        clientId: "app",
        userId: world.ada.id,
      });
      return (await world.api.token({ ...refreshFields(refreshToken), client_secret })).status;
    };
    const second = clients.addSecret("app");
    expect([await attempt("app-secret"), await attempt(second)]).toEqual([200, 200]);
    expect(() => clients.addSecret("app")).toThrow("at most 2");
    clients.removeSecret("app", "app-secret");
    expect([await attempt("app-secret"), await attempt(second)]).toEqual([401, 200]);
    expect(() => clients.removeSecret("app", second)).toThrow("only secret");
    const rotated = clients.rotateSecret("app");
    expect([await attempt(second), await attempt(rotated)]).toEqual([401, 200]);
    expect(clients.get("app")?.secrets).toEqual([rotated]);
  });

  test("list and get return copies", () => {
    const { clients } = createOAuth2Emulator().emulator.oauth2;
    expect(clients.list().map(({ id, kind, status }) => [id, kind, status])).toEqual([
      ["app", "confidential", "approved"],
      ["public", "public", "approved"],
      ["trusted", "confidential", "approved"],
      ["pending", "confidential", "pending"],
      ["rejected", "confidential", "rejected"],
      ["legacy", "confidential", "approved"],
    ]);
    clients.get("app")!.redirectUris.push("https://evil.example");
    expect(clients.get("app")?.redirectUris).toEqual([REDIRECT_URI]);
    expect(clients.get("nope")).toBeUndefined();
  });

  test.each<[string, Record<string, unknown>, string]>([
    ["no redirect URI", { redirectUris: [] }, "1 to 10 entries"],
    [
      "11 redirect URIs",
      { redirectUris: Array.from({ length: 11 }, (_, n) => `https://a.example/${n}`) },
      "1 to 10",
    ],
    ["plain http", { redirectUris: ["http://app.example/callback"] }, "can't be a redirect URI"],
    ["a fragment", { redirectUris: ["https://app.example/#x"] }, "can't be a redirect URI"],
    ["no URL", { redirectUris: ["/callback"] }, "can't be a redirect URI"],
    ["three secrets", { secret: ["a", "b", "c"] }, "at most 2"],
    ["an empty secret", { secret: "" }, "non-empty"],
    ["an unknown scope", { scopes: ["APPS"] }, "no scope APPS"],
    ["an unknown status", { status: "new" }, 'not "new"'],
    ["the id of another client", { id: "app" }, "already has an OAuth 2 client"],
  ])("create rejects %s", (_, wrong, message) => {
    const { clients } = createOAuth2Emulator().emulator.oauth2;
    const client = { id: "new", secret: "s", redirectUris: [REDIRECT_URI], ...wrong };
    expect(() => clients.create(client)).toThrow(message);
    expect(() => clients.create(client)).toThrow(TypeError);
  });

  test("create accepts ten redirect URIs, local ones included", () => {
    const { clients } = createOAuth2Emulator().emulator.oauth2;
    const local = [
      "http://localhost:3000/cb",
      "http://127.0.0.1/cb",
      "http://[::1]:8080/cb",
      "http://mac.local/cb",
    ];
    const redirectUris = [...local, ...[1, 2, 3, 4, 5, 6].map((n) => `https://app.example/${n}`)];
    expect(clients.create({ id: "many", redirectUris }).redirectUris).toEqual(redirectUris);
  });

  test("the fields of a token request are exactly those of the grant", async () => {
    const { api } = createOAuth2Emulator();
    const { status, body } = await api.token({ ...refreshFields("x"), scope: "APPS_READ" });
    expect([status, body.error_description]).toEqual([
      400,
      "scope property is wrong,property scope should not exist ",
    ]);
    const missing = await api.token({ ...clientFields, grant_type: "refresh_token" });
    expect(missing.body.error_description).toBe(
      "refresh_token property is wrong,refresh_token must be a string ",
    );
  });
});
