import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { decodeJwt } from "jose";
import { describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { callerOf } from "../../support/emulator-caller.js";

const START = Date.parse("2026-11-23T01:14:03.400Z");

async function setUp() {
  const emulator = createCalEmulator({ now: () => START });
  const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
  const api = callerOf(emulator);
  const me = async (accessToken: string): Promise<[number, string?]> => {
    const { status, body } = await api.user(accessToken, "GET", "/me");
    return status === 200 ? [200] : [status, body.error.message];
  };
  return { emulator, ada, api, me };
}

describe("the emulator's tokens", () => {
  test("lifetimes and claims are Cal.com's", async () => {
    const { ada } = await setUp();
    expect(ada.accessTokenExpiresAt).toBe(Date.parse("2026-11-23T02:14:00.000Z"));
    expect(ada.refreshTokenExpiresAt).toBe(Date.parse("2027-11-23T00:00:00.000Z"));
    const payload = decodeJwt(ada.accessToken);
    expect(payload).toEqual({
      type: "access_token",
      clientId: "test-client",
      ownerId: ada.id,
      expiresAt: ada.accessTokenExpiresAt,
      jti: expect.stringMatching(/^[\da-f-]{36}$/),
      iat: Math.floor(START / 1000),
    });
    expect(decodeJwt(ada.refreshToken)["type"]).toBe("refresh_token");
  });

  test("refreshed tokens have the user in ownerId and userId", async () => {
    const { ada, api } = await setUp();
    const { body } = await api.refresh(ada.refreshToken);
    expect(decodeJwt(String(body.data.accessToken))).toMatchObject({ ownerId: ada.id, userId: ada.id });
  });

  test("an expired access token is 498, and 401 after any user's refresh", async () => {
    const { emulator, ada, api, me } = await setUp();
    const bob = await emulator.users.create({ email: "bob@example.com", name: "Bob" });
    emulator.clock.set(ada.accessTokenExpiresAt - 1);
    expect(await me(ada.accessToken)).toEqual([200]);
    emulator.clock.advance(1);
    expect(await me(ada.accessToken)).toEqual([498, "ACCESS_TOKEN_IS_EXPIRED"]);
    await api.refresh(bob.refreshToken);
    expect(await me(ada.accessToken)).toEqual([401, "Invalid Access Token."]);
    expect((await api.refresh(ada.refreshToken)).status).toBe(200);
  });

  test("expireAccessTokens: 498, or still 200 if the token is cached", async () => {
    const { emulator, ada, me } = await setUp();
    expect(await me(ada.accessToken)).toEqual([200]);
    emulator.users.expireAccessTokens(ada.id, { isCached: true });
    expect(await me(ada.accessToken)).toEqual([200]);
    emulator.users.expireAccessTokens(ada.id);
    expect(await me(ada.accessToken)).toEqual([498, "ACCESS_TOKEN_IS_EXPIRED"]);
    emulator.users.deleteExpiredTokens();
    expect(await me(ada.accessToken)).toEqual([401, "Invalid Access Token."]);
  });

  test("a force-refresh ends older tokens, with another message while they are cached", async () => {
    const { emulator, ada, api, me } = await setUp();
    await me(ada.accessToken);
    const { body } = await api.client("POST", `/oauth-clients/test-client/users/${ada.id}/force-refresh`);
    const message = "ApiAuthStrategy - access token - OAuth client not found given the access token";
    expect(await me(ada.accessToken)).toEqual([401, message]);
    emulator.flushCache();
    expect(await me(ada.accessToken)).toEqual([401, "Invalid Access Token."]);
    expect(await me(String(body.data.accessToken))).toEqual([200]);
    expect((await api.refresh(ada.refreshToken)).status).toBe(400);
  });

  test("after revokeTokens only a force-refresh helps", async () => {
    const { emulator, ada, api, me } = await setUp();
    emulator.users.revokeTokens(ada.id);
    expect(await me(ada.accessToken)).toEqual([401, "Invalid Access Token."]);
    expect((await api.refresh(ada.refreshToken)).status).toBe(400);
    const { accessToken } = await emulator.users.forceRefresh(ada.id);
    expect(await me(accessToken)).toEqual([200]);
    expect(emulator.users.tokens(ada.id).accessTokens).toEqual([accessToken]);
  });

  test("deleting a user ends its tokens", async () => {
    const { ada, api, me } = await setUp();
    const path = `/oauth-clients/test-client/users/${ada.id}`;
    expect((await api.client("DELETE", path)).status).toBe(200);
    expect(await me(ada.accessToken)).toEqual([401, "Invalid Access Token."]);
    expect((await api.refresh(ada.refreshToken)).status).toBe(400);
    expect((await api.client("POST", `${path}/force-refresh`)).status).toBe(404);
  });
});

describe("requests at the same time", () => {
  test("refresh: one gets tokens, the others 404, and later ones 400", async () => {
    const { ada, api } = await setUp();
    const responses = await Promise.all([1, 2, 3, 4, 5].map(() => api.refresh(ada.refreshToken)));
    expect(responses.map(({ status }) => status).sort()).toEqual([200, 404, 404, 404, 404]);
    const other = responses.find(({ status }) => status === 404);
    expect(other?.body.error).toEqual({
      code: "NOT_FOUND",
      message: "Invalid Query: The requested record was not found.",
    });
    expect((await api.refresh(ada.refreshToken)).status).toBe(400);
  });

  test("force-refresh: all get tokens, and only the last pair works", async () => {
    const { emulator, ada, api, me } = await setUp();
    const path = `/oauth-clients/test-client/users/${ada.id}/force-refresh`;
    const responses = await Promise.all([1, 2, 3, 4].map(() => api.client("POST", path)));
    expect(responses.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
    const statuses = await Promise.all(responses.map(({ body }) => me(String(body.data.accessToken))));
    expect(statuses.map(([status]) => status).sort()).toEqual([200, 401, 401, 401]);
    expect(emulator.users.tokens(ada.id).refreshTokens).toHaveLength(1);
  });

  test("create: one creates the user, the other gets a conflict without an id", async () => {
    const { api } = await setUp();
    const body = { email: "race@example.com", name: "Race" };
    const responses = await Promise.all(
      [1, 2].map(() => api.client("POST", "/oauth-clients/test-client/users", body)),
    );
    expect(responses.map(({ status }) => status).sort()).toEqual([201, 409]);
    expect(responses.find(({ status }) => status === 409)?.body.error.code).toBe("CONFLICT");
  });

  test("latencyMs extends the time in which requests collide", async () => {
    const emulator = createCalEmulator({ latencyMs: 30 });
    const ada = await emulator.users.create({ email: "ada@example.com", name: "Ada" });
    const api = callerOf(emulator);
    const first = api.refresh(ada.refreshToken);
    await new Promise((resolve) => setTimeout(resolve, 5));
    const [one, other] = await Promise.all([first, api.refresh(ada.refreshToken)]);
    expect([one.status, other.status]).toEqual([200, 404]);
  });
});

test("an emulator that runs for long keeps nothing of tokens that have expired", async () => {
  const { emulator, ada, api, me } = await setUp();
  setFlagsFromString("--expose-gc");
  const collectGarbage = runInNewContext("gc") as () => void;
  let { refreshToken } = ada;
  const useTokens = async (count: number): Promise<number> => {
    for (let n = 0; n < count; n += 1) {
      emulator.clock.advance(60_000);
      const { body } = await api.refresh(refreshToken);
      refreshToken = String(body.data.refreshToken);
      expect(await me(String(body.data.accessToken))).toEqual([200]);
    }
    // The log of requests grows, as documented.
    (emulator.requests as unknown[]).length = 0;
    collectGarbage();
    return process.memoryUsage().heapUsed;
  };
  const before = await useTokens(300);
  const after = await useTokens(2_000);
  // Kept, they were 2,000 times 0.7 kB.
  expect(after - before).toBeLessThan(1e6);
});
