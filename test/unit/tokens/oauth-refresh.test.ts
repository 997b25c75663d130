import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { CalUser } from "../../../src/index.js";
import { rejection, turnUntil } from "../../support/client.js";
import {
  createOAuthClient,
  isTokenRequest,
  link,
  type OAuthClientOptions,
  type OAuthWorld,
} from "../../support/oauth-client.js";

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

let world: OAuthWorld;
let ada: CalUser;

/** Refresh requests that reached Cal.com. */
const refreshes = () => world.emulator.count({ grantType: "refresh_token" });
const advance = (ms: number) => world.emulator.clock.advance(ms);
const works = () => ada.profile().then(({ id }) => id === world.adaAtCal.id);
const lose = () => world.emulator.oauth2.loseNextRefresh();
const code = (promise: Promise<unknown>) =>
  rejection(promise).then((error) => (error as { code: string }).code);

async function start(options: OAuthClientOptions = {}): Promise<void> {
  world = createOAuthClient({ refreshAheadMs: 0, ...options });
  ada = await link(world);
}

beforeEach(() => start());
afterEach(() => void vi.useRealTimers());

/** Links this many users, each with an account of their own at Cal.com. */
async function linkMany(count: number): Promise<CalUser[]> {
  const users: CalUser[] = [];
  for (let n = 0; n < count; n += 1) {
    const person = world.emulator.people.create({ email: `p${n}@cal.example`, name: `P ${n}` });
    users.push(await link(world, `user-${n}`, person.email));
  }
  return users;
}

/** Cal.com refuses every refresh token, until the fault is removed. */
const refuseRefreshes = () =>
  world.emulator.inject({
    grantType: "refresh_token",
    times: Infinity,
    effect: { status: 400, body: { error: "invalid_grant", error_description: "invalid_refresh_token" } },
  });

describe("a refresh that is lost", () => {
  test("is recorded before it is sent", async () => {
    const fetch = world.emulator.fetch;
    const seen: (number | undefined)[] = [];
    const cal = world.another({
      fetch: async (input, init) => {
        if (isTokenRequest(input)) seen.push((await world.details()).refreshSentAt);
        return fetch(input, init);
      },
    });
    advance(31 * MINUTE_MS);
    await cal.forUser("ada").profile();
    expect(seen).toEqual([world.emulator.clock.now()]);
    expect(await world.details()).not.toHaveProperty("refreshSentAt");
    expect(await world.details()).toMatchObject({ rotation: 2 });
  });

  test("lets calls go on with the old token, is tried once more after 60 s, and only then the hook is called", async () => {
    advance(29.5 * MINUTE_MS);
    lose();
    // Half a minute of life left: the refresh is due, its response is lost, and the old token does.
    expect(await works()).toBe(true);
    expect(world.reauthorizations).toEqual([]);
    expect(await ada.calAccount()).toMatchObject({ reauthorization: null });
    advance(MINUTE_MS - 1);
    // The old token has expired, and the request may still be running.
    const pending = await rejection(ada.profile());
    expect(pending).toMatchObject({ code: "refresh_pending", retryAfterMs: 1 });
    expect(refreshes()).toBe(1);
    advance(1);
    expect(await code(ada.profile())).toBe("reauthorization_required");
    expect(refreshes()).toBe(2);
    expect(world.reauthorizations).toMatchObject([{ userId: "ada", reason: "revoked", worksUntil: null }]);
  });

  test("before it reached Cal.com costs nothing: the same refresh token works a minute later", async () => {
    advance(31 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { reset: true } });
    expect(await code(ada.profile())).toBe("network_error");
    expect(await code(ada.profile())).toBe("refresh_pending");
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(world.reauthorizations).toEqual([]);
  });

  test("leaves an unconfirmed pair, which is refreshed again a minute later", async () => {
    advance(31 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { status: 502 } });
    await rejection(ada.profile());
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(refreshes()).toBe(2);
    expect(await works()).toBe(true);
    expect(refreshes()).toBe(2);
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(refreshes()).toBe(3);
    expect(await world.details()).not.toHaveProperty("confirmAt");
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(refreshes()).toBe(3);
  });

  test("and a pair that turns out dead is noticed while its access token works", async () => {
    advance(31 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { status: 504 } });
    await rejection(ada.profile());
    advance(MINUTE_MS);
    world.emulator.oauth2.revokeNextRefreshToken();
    expect(await works()).toBe(true);
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(world.reauthorizations).toMatchObject([{ reason: "revoked" }]);
    expect(world.reauthorizations[0]!.worksUntil!.getTime() - world.emulator.clock.now()).toBe(
      29 * MINUTE_MS,
    );
    expect(await ada.calAccount()).toMatchObject({ reauthorization: { reason: "revoked" } });
  });

  test("costs nothing at a lenient server", async () => {
    await start({ mode: "lenient" });
    advance(31 * MINUTE_MS);
    lose();
    await rejection(ada.profile());
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(world.reauthorizations).toEqual([]);
  });
});

describe("a refresh that was not carried out", () => {
  test("429: the record is as it was, and the next call tries again", async () => {
    advance(31 * MINUTE_MS);
    const headers = { "x-ratelimit-reset-default": "60" };
    world.emulator.inject({ grantType: "refresh_token", effect: { status: 429, headers } });
    expect(await code(ada.profile())).toBe("rate_limited");
    expect(await world.details()).not.toHaveProperty("refreshSentAt");
    expect(await works()).toBe(true);
    expect(await world.details()).not.toHaveProperty("confirmAt");
  });

  test("never sent: tried again at once, and the pair needs no confirmation", async () => {
    let failures = 2;
    const cal = world.another({
      fetch: (input, init) => {
        if (isTokenRequest(input) && failures-- > 0) {
          const cause = Object.assign(new Error("x"), { code: "ECONNREFUSED" });
          return Promise.reject(new TypeError("fetch failed", { cause }));
        }
        return world.emulator.fetch(input, init);
      },
    });
    advance(31 * MINUTE_MS);
    await cal.forUser("ada").profile();
    expect(await world.details()).toMatchObject({ rotation: 2 });
    expect(await world.details()).not.toHaveProperty("confirmAt");
  });

  test("the client is refused: one request for all users, tokens kept, none marked", async () => {
    const grace = await link(world, "grace", "grace");
    advance(31 * MINUTE_MS);
    world.emulator.oauth2.clients.review("app", "pending");
    expect(await code(ada.profile())).toBe("client_rejected");
    expect(await code(grace.profile())).toBe("client_rejected");
    expect(await code(ada.profile())).toBe("client_rejected");
    expect(refreshes()).toBe(1);
    expect(world.reauthorizations).toEqual([]);
    world.emulator.oauth2.clients.review("app", "approved");
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(await world.details("grace")).not.toHaveProperty("refreshSentAt");
  });

  test("a production database copied to staging: nothing is sent, nothing written, production works on", async () => {
    advance(31 * MINUTE_MS);
    const record = await world.store.get("ada");
    const staging = world.another({ oauth: { clientId: "trusted" } });
    expect(await code(staging.forUser("ada").profile())).toBe("client_mismatch");
    expect(refreshes()).toBe(0);
    expect(await world.store.get("ada")).toEqual(record);
    expect(await works()).toBe(true);
    // Nor is a link marked as expired there.
    advance(31 * DAY_MS);
    expect(await code(staging.forUser("ada").profile())).toBe("client_mismatch");
    expect(world.reauthorizations).toEqual([]);
  });
});

describe("a refresh token that Cal.com refuses", () => {
  beforeEach(() => {
    advance(31 * MINUTE_MS);
    world.emulator.oauth2.revokeRefreshTokens(world.adaAtCal.id);
  });

  test("marks the user, calls the hook once, and is tried again after 1 min, 10 min, 1 h, and daily", async () => {
    for (const [pauseMs, tries] of [
      [0, 1],
      [MINUTE_MS, 2],
      [10 * MINUTE_MS, 3],
      [HOUR_MS, 4],
      [DAY_MS, 5],
      [DAY_MS, 6],
    ] as const) {
      if (pauseMs > 0) {
        advance(pauseMs - 1);
        expect(await code(ada.profile())).toBe("reauthorization_required");
        expect(refreshes()).toBe(tries - 1);
        advance(1);
      }
      expect(await code(ada.profile())).toBe("reauthorization_required");
      expect(refreshes()).toBe(tries);
    }
    expect(world.reauthorizations).toHaveLength(1);
    expect((await world.store.get("ada"))!.calRefreshToken).not.toBeNull();
  });

  test("is a mark that every process sees without a request", async () => {
    await rejection(ada.profile());
    expect(await code(world.another().forUser("ada").profile())).toBe("reauthorization_required");
    expect(refreshes()).toBe(1);
    expect(world.reauthorizations).toHaveLength(1);
  });

  test("and is accepted later: the mark is gone, and the next refusal calls the hook again", async () => {
    await start();
    advance(31 * MINUTE_MS);
    const refusal = { error: "invalid_grant", error_description: "refresh_token_revoked" };
    world.emulator.inject({ grantType: "refresh_token", effect: { status: 400, body: refusal } });
    await rejection(ada.profile());
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(await ada.calAccount()).toMatchObject({ reauthorization: null });
    advance(31 * MINUTE_MS);
    world.emulator.oauth2.revokeRefreshTokens(world.adaAtCal.id);
    await rejection(ada.profile());
    expect(world.reauthorizations).toHaveLength(2);
  });
});

test("many users refused at once: no more are marked, with one warning, and all work when it is over", async () => {
  const users = await linkMany(12);
  advance(31 * MINUTE_MS);
  const fault = refuseRefreshes();
  const codes = [];
  for (const user of users) codes.push(await code(user.profile()));
  expect(codes).toEqual([
    ...Array<string>(4).fill("reauthorization_required"),
    ...Array<string>(8).fill("refresh_pending"),
  ]);
  expect(world.reauthorizations).toHaveLength(4);
  expect(world.warnings.filter((warning) => warning.includes("many users"))).toHaveLength(1);
  const sent = refreshes();
  // Not sent again at every call.
  for (const user of users) await rejection(user.profile());
  expect(refreshes()).toBe(sent);
  fault.remove();
  advance(MINUTE_MS);
  for (const user of users) await user.profile();
  for (const user of users) expect(await user.calAccount()).toMatchObject({ reauthorization: null });
});

test("two faults, a day apart: each marks four users", async () => {
  const users = await linkMany(12);
  const fault = async () => {
    advance(DAY_MS);
    const refusing = refuseRefreshes();
    for (const user of users) await rejection(user.profile());
    refusing.remove();
  };
  await fault();
  expect(world.reauthorizations).toHaveLength(4);
  await fault();
  expect(world.reauthorizations).toHaveLength(8);
});

test("many users whose consent really ended are all reported within about an hour, and are not tried every minute after that", async () => {
  const users = await linkMany(20);
  for (const user of users) {
    world.emulator.oauth2.revokeRefreshTokens((await user.calAccount())!.calUserId);
  }
  advance(31 * MINUTE_MS);
  const callFor = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 5) {
      for (const user of users) await rejection(user.profile());
      advance(5 * MINUTE_MS);
    }
  };
  await callFor(70);
  expect(new Set(world.reauthorizations.map(({ userId }) => userId)).size).toBe(20);
  expect(world.reauthorizations).toHaveLength(20);
  for (const user of users) {
    expect(await user.calAccount()).toMatchObject({ reauthorization: { reason: "revoked" } });
  }
  const sent = refreshes();
  await callFor(120);
  // After a minute, ten minutes and an hour.
  expect(refreshes() - sent).toBeLessThanOrEqual(3 * 20);
});

test("a refresh token that expired is not sent: the hook is called once, and nothing is written again", async () => {
  advance(31 * DAY_MS);
  expect(await code(ada.profile())).toBe("reauthorization_required");
  const { version } = (await world.store.get("ada"))!;
  expect(await code(ada.profile())).toBe("reauthorization_required");
  expect((await world.store.get("ada"))!.version).toBe(version);
  expect(world.reauthorizations).toMatchObject([{ reason: "expired" }]);
  expect(refreshes()).toBe(0);
});

test("an account that was deleted at Cal.com: reported once, remembered, and no further request", async () => {
  world.emulator.people.delete(world.adaAtCal.id);
  expect(await code(ada.profile())).toBe("cal_user_gone");
  expect(world.reauthorizations).toMatchObject([{ reason: "cal_user_gone", worksUntil: null }]);
  const requests = world.emulator.requests.length;
  expect(await code(ada.profile())).toBe("cal_user_gone");
  expect(await code(world.another().forUser("ada").profile())).toBe("cal_user_gone");
  advance(2 * DAY_MS);
  expect(await code(ada.profile())).toBe("cal_user_gone");
  expect(world.emulator.requests).toHaveLength(requests);
  expect(world.reauthorizations).toHaveLength(1);
  expect(await ada.calAccount()).toMatchObject({ reauthorization: { reason: "cal_user_gone" } });
});

test("many calls at once for a deleted account call the hook once", async () => {
  world.emulator.people.delete(world.adaAtCal.id);
  const codes = await Promise.all(Array.from({ length: 20 }, () => code(ada.profile())));
  expect(new Set(codes)).toEqual(new Set(["cal_user_gone"]));
  expect(world.reauthorizations).toHaveLength(1);
});

describe("the refresh ahead", () => {
  test("a lost background refresh is retried in the background, and the call notices nothing", async () => {
    await start({ refreshAheadMs: 10 * MINUTE_MS });
    advance(23 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { status: 503 } });
    expect(await works()).toBe(true);
    await vi.waitFor(() => expect(refreshes()).toBe(1));
    for (let n = 0; n < 10; n += 1) expect(await works()).toBe(true);
    expect(refreshes()).toBe(1);
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    await vi.waitFor(async () => expect(await world.details()).toMatchObject({ rotation: 2 }));
  });

  test("a connect URL waits for a token that lives long enough; at most 25 of the 30 minutes are required", async () => {
    await start({ refreshAheadMs: 10 * MINUTE_MS, connectMinTtlMs: 45 * MINUTE_MS });
    const connect = () => ada.calendars.connectUrl("google", { returnUrl: "https://app.example/" });
    await connect();
    expect(refreshes()).toBe(0);
    advance(5 * MINUTE_MS);
    await connect();
    expect(refreshes()).toBe(1);
  });

  test("where work ends with the response nothing is refreshed in the background", async () => {
    vi.stubEnv("VERCEL", "1");
    await start({ refreshAheadMs: 10 * MINUTE_MS });
    advance(25 * MINUTE_MS);
    expect(await works()).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(refreshes()).toBe(0);
    const waited: Promise<unknown>[] = [];
    const cal = world.another({
      refreshAheadMs: 10 * MINUTE_MS,
      waitUntil: (work) => void waited.push(work),
    });
    await cal.forUser("ada").profile();
    await Promise.all(waited);
    expect(refreshes()).toBe(1);
  });
});

test("a lost refresh: the hook is called within about a minute, the old token works on, and a new link mends it with all calendars", async () => {
  await start({ refreshAheadMs: 10 * MINUTE_MS });
  world.emulator.calendars.connect(world.adaAtCal.id, "google", "ada@gmail.example");
  const calendars = async () => (await ada.calendars.list()).connectedCalendars.length;
  advance(23 * MINUTE_MS);
  lose();
  const lostAt = world.emulator.clock.now();
  expect(await works()).toBe(true);
  await vi.waitFor(async () => expect(await world.details()).toHaveProperty("refreshSentAt"));
  await vi.waitFor(() => expect(refreshes()).toBe(1));
  for (let seconds = 0; seconds < 60; seconds += 10) {
    expect(await works()).toBe(true);
    advance(10_000);
  }
  expect(world.reauthorizations).toEqual([]);
  expect(await works()).toBe(true);
  await vi.waitFor(() => expect(world.reauthorizations).toHaveLength(1));
  expect(world.reauthorizations).toMatchObject([
    { userId: "ada", reason: "revoked", worksUntil: new Date(lostAt + 7 * MINUTE_MS) },
  ]);
  expect(world.reauthorizations[0]!.since.getTime() - lostAt).toBeLessThanOrEqual(65_000);
  advance(5 * MINUTE_MS);
  expect([await works(), await calendars()]).toEqual([true, 1]);

  await link(world);
  expect(await ada.calAccount()).toMatchObject({ reauthorization: null });
  advance(31 * MINUTE_MS);
  expect([await works(), await calendars()]).toEqual([true, 1]);
  expect(world.reauthorizations).toHaveLength(1);
});

const notCal: [string, number, string | object][] = [
  ["a page with 404", 404, "<html>not found</html>"],
  ["a page with 200", 200, "<html>welcome</html>"],
  ["401", 401, { error: "unauthorized" }],
  ["403", 403, { message: "forbidden" }],
  ["400 of another OAuth server", 400, { error: "invalid_grant", error_description: "Token is not active" }],
  ["an unknown client", 401, { error: "invalid_client", error_description: "client_not_found" }],
];
test.each(notCal)(
  "a wrong base URL for ten minutes, which answers with %s: nobody is marked, and all work afterwards",
  async (_, status, body) => {
    const userIds = Array.from({ length: 12 }, (__, n) => `user-${n}`);
    for (const userId of userIds) {
      const person = world.emulator.people.create({ email: `${userId}@cal.example`, name: userId });
      await link(world, userId, person.email);
    }
    advance(31 * MINUTE_MS);
    const isPage = typeof body === "string";
    const text = isPage ? body : JSON.stringify(body);
    const headers = { "content-type": isPage ? "text/html" : "application/json" };
    let sent = 0;
    const wrong = world.another({
      baseUrl: "https://wrong.example/v2",
      retry: { limit: 0 },
      fetch: () => {
        sent += 1;
        return Promise.resolve(new Response(text, { status, headers }));
      },
    });
    for (let minute = 0; minute < 10; minute += 1) {
      for (const userId of userIds) await rejection(wrong.forUser(userId).profile());
      advance(MINUTE_MS);
    }
    expect(sent).toBeGreaterThan(0);
    expect(world.reauthorizations).toEqual([]);
    for (const userId of userIds) {
      const user = world.cal.forUser(userId);
      await user.profile();
      expect(await user.calAccount()).toMatchObject({ reauthorization: null });
    }
  },
);

describe("close()", () => {
  test("waits for a refresh in flight and its write, and starts no new one", async () => {
    advance(31 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { delayMs: 50 } });
    const calling = ada.profile();
    await vi.waitFor(() => expect(refreshes()).toBe(1));
    await world.cal.close();
    expect(await world.details()).toMatchObject({ rotation: 2 });
    await calling;
    // With a token that works calls go on; with another one they end.
    expect(await works()).toBe(true);
    advance(31 * MINUTE_MS);
    expect(await code(ada.profile())).toBe("client_closed");
    expect(refreshes()).toBe(1);
  });

  test("writes a pair that the store could not take before", async () => {
    vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] });
    const set = world.store.set.bind(world.store);
    let isDown = false;
    world.store.set = (record, options) =>
      isDown ? Promise.reject(new Error("down")) : set(record, options);
    advance(31 * MINUTE_MS);
    const cal = world.another({
      fetch: async (input, init) => {
        const response = await world.emulator.fetch(input, init);
        if (isTokenRequest(input)) isDown = true;
        return response;
      },
    });
    expect(["store_error", "timeout"]).toContain(await turnUntil(code(cal.forUser("ada").profile()), 100));
    isDown = false;
    await turnUntil(cal.close());
    expect(await world.details()).toMatchObject({ rotation: 2 });
  });
});

describe("link, unlink and delete", () => {
  test.each(["unlink", "delete"] as const)(
    "%s waits for a refresh in flight, which does not bring the tokens back",
    async (method) => {
      advance(31 * MINUTE_MS);
      world.emulator.inject({ grantType: "refresh_token", effect: { delayMs: 50 } });
      const calling = rejection(ada.profile().then(() => Promise.reject(new Error("it worked"))));
      await vi.waitFor(() => expect(refreshes()).toBe(1));
      expect(await ada[method]()).toBe(true);
      await calling;
      expect(await world.store.get("ada")).toBeNull();
    },
  );

  test("a link waits for a refresh of another process, which would end the new tokens", async () => {
    advance(31 * MINUTE_MS);
    world.emulator.inject({ grantType: "refresh_token", effect: { delayMs: 100 } });
    const calling = world.another().forUser("ada").profile();
    await vi.waitFor(() => expect(refreshes()).toBe(1));
    await link(world);
    await calling;
    // The new refresh token lives.
    const { refreshTokens } = world.emulator.oauth2.tokens(world.adaAtCal.id);
    expect(refreshTokens).toContain((await world.store.get("ada"))!.calRefreshToken);
    expect(await world.details()).toMatchObject({ rotation: 3 });
  });

  test("a link after a refresh of unknown outcome is confirmed a minute later", async () => {
    advance(31 * MINUTE_MS);
    lose();
    await rejection(ada.profile());
    await link(world);
    expect(await world.details()).toMatchObject({ confirmAt: world.emulator.clock.now() + MINUTE_MS });
    advance(MINUTE_MS);
    expect(await works()).toBe(true);
    expect(await world.details()).not.toHaveProperty("confirmAt");
  });

  test("two links of one user at once: one after the other", async () => {
    const first = link(world);
    const second = link(world);
    await Promise.all([first, second]);
    expect(await works()).toBe(true);
  });
});
