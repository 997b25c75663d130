import { beforeEach, describe, expect, test } from "vitest";
import { CalValidationError, type CalUser, type OAuthProvider } from "../../../src/index.js";
import { clientOf, createAda, createTestClient, rejection, type TestClient } from "../../support/client.js";

const returnUrl = "https://app.example/done?x=1&y=2#z";
const refresh = /\/refresh$|\/force-refresh$/;

let client: TestClient;
let ada: CalUser;
let adaId: number;

beforeEach(async () => {
  client = createTestClient();
  ({ ada, adaId } = await createAda(client));
});

const credentials = () => client.emulator.calendars.credentials(adaId);
const stateOf = (authUrl: string) =>
  JSON.parse(new URL(authUrl).searchParams.get("state")!) as Record<string, unknown>;

/** Through the consent page to the application's own callback, which is handed code and state. */
async function consent(provider: OAuthProvider, user = ada, account?: string) {
  const { authUrl } = await user.calendars.connectUrl(provider, { returnUrl });
  const { code, state } = await client.emulator.provider.authorize(authUrl, {
    stopBeforeCallback: true,
    ...(account !== undefined && { account }),
  });
  return { code: code!, state: state! };
}

async function connect(provider: OAuthProvider, account?: string): Promise<void> {
  await ada.calendars.save(provider, await consent(provider, ada, account));
}

describe.each<OAuthProvider>(["google", "office365"])("connecting %s", (provider) => {
  test("over Cal.com's callback: the browser ends on the return URL, and check says connected", async () => {
    const { authUrl } = await ada.calendars.connectUrl(provider, { returnUrl });
    expect(stateOf(authUrl)).toMatchObject({ redir: returnUrl, isDryRun: false });
    const end = await client.emulator.provider.authorize(authUrl);
    expect(end.redirectTo).toBe(returnUrl);
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });
  });

  test("over the application's own callback: save returns where to go on", async () => {
    const saved = await ada.calendars.save(provider, await consent(provider));
    expect(saved).toEqual({ returnUrl });
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });
  });

  test("and pressing Deny: the redirect is the same, and check says not connected", async () => {
    const { authUrl } = await ada.calendars.connectUrl(provider, { returnUrl });
    const end = await client.emulator.provider.authorize(authUrl, { deny: true });
    expect(end.redirectTo).toBe(returnUrl);
    expect(await ada.calendars.check(provider)).toMatchObject({ connected: false, reason: "not_connected" });
  });

  test("as a dry run stores nothing", async () => {
    const { authUrl } = await ada.calendars.connectUrl(provider, { returnUrl, isDryRun: true });
    await client.emulator.provider.authorize(authUrl);
    expect(credentials()).toEqual([]);
  });

  test("without a primary calendar stores nothing, and check says so", async () => {
    await connect(provider, "nocalendar");
    expect(await ada.calendars.check(provider)).toMatchObject({ connected: false, reason: "not_connected" });
  });

  test("twice with one account leaves one credential", async () => {
    await connect(provider);
    await connect(provider);
    expect(credentials()).toHaveLength(1);
  });

  test("disconnects nothing, whether access was revoked or the provider has an outage", async () => {
    await connect(provider);
    const { authUrl } = await ada.calendars.connectUrl(provider, { returnUrl });
    expect(authUrl).toBeTruthy();
    client.emulator.provider.break(provider);
    expect(await ada.calendars.check(provider)).toMatchObject({ connected: false, reason: "unavailable" });
    await ada.calendars.connectUrl(provider, { returnUrl });
    client.emulator.provider.repair(provider);
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });

    client.emulator.provider.revoke({ userId: adaId, provider });
    await ada.calendars.connectUrl(provider, { returnUrl });
    expect(credentials()).toHaveLength(1);
  });

  test("again after access was revoked: works once the old connection is disconnected", async () => {
    await connect(provider);
    client.emulator.provider.revoke({ userId: adaId, provider });
    await connect(provider);
    expect(await ada.calendars.check(provider), "Cal.com ignores the new tokens").toMatchObject({
      connected: false,
    });
    await ada.calendars.disconnect(provider);
    await connect(provider);
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });
    expect(credentials()).toHaveLength(1);
  });

  test("with one of two accounts broken, whichever it is: check and sync say so, and which one", async () => {
    const [first, second] = provider === "google" ? ["alice", "carol"] : ["bob", "erin"];
    for (const broken of [first, second]) {
      client = createTestClient();
      ({ ada, adaId } = await createAda(client));
      await connect(provider, first);
      await connect(provider, second);
      const { id } = credentials().find(({ account }) => account.startsWith(broken))!;
      client.emulator.provider.revoke({ userId: adaId, credentialId: id });
      const reason = provider === "google" ? "revoked" : "unavailable";
      const expected = { connected: false, reason, credentialId: id };
      expect(await ada.calendars.check(provider)).toMatchObject(expected);
      const { status, connectedCalendars } = await ada.calendars.sync(provider);
      expect(status).toMatchObject(expected);
      expect(connectedCalendars).toHaveLength(2);
      expect(credentials()).toHaveLength(2);
    }
  });

  test("again after Cal.com marked the credential as invalid works, too", async () => {
    await connect(provider);
    client.emulator.calendars.invalidate({ userId: adaId, provider });
    expect(await ada.calendars.check(provider)).toMatchObject({ reason: "invalid_credentials" });
    await connect(provider);
    expect(await ada.calendars.check(provider)).toEqual({ connected: true });
  });
});

describe("the token in a connect URL", () => {
  const ttlOf = (authUrl: string) => {
    const [, payload] = String(stateOf(authUrl)["accessToken"]).split(".");
    const { expiresAt } = JSON.parse(Buffer.from(payload!, "base64url").toString()) as { expiresAt: number };
    return expiresAt - client.emulator.clock.now();
  };

  test("outlives a quarter of an hour on the consent page, at the cost of an early refresh", async () => {
    client.emulator.clock.advance(46 * 60_000);
    const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl });
    expect(ttlOf(authUrl)).toBeGreaterThan(15 * 60_000);
    expect(client.emulator.count({ path: refresh })).toBe(1);
  });

  test("is not refreshed for that while it lives long enough", async () => {
    client.emulator.clock.advance(40 * 60_000);
    await ada.calendars.connectUrl("google", { returnUrl });
    expect(client.emulator.count({ path: refresh })).toBe(0);
  });

  test("lives as long as the application asks for", async () => {
    const cal = clientOf(client.emulator, client.store, { connectMinTtlMs: 40 * 60_000 });
    client.emulator.clock.advance(25 * 60_000);
    const { authUrl } = await cal.forUser("ada").calendars.connectUrl("google", { returnUrl });
    expect(ttlOf(authUrl)).toBeGreaterThan(40 * 60_000);
  });

  test("belongs to the user", async () => {
    const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl });
    expect(stateOf(authUrl)["accessToken"]).toBe((await client.store.get("ada"))!.calAccessToken);
  });
});

describe("save", () => {
  const saves = { path: /\/save$/ };

  test("refuses another user's state, and sends nothing", async () => {
    const bob = await client.cal.ensureUser("bob", { email: "bob@example.com", name: "Bob" });
    const theirs = await consent("google", bob);
    const error = await rejection(ada.calendars.save("google", theirs));
    expect(error).toBeInstanceOf(CalValidationError);
    expect(client.emulator.count(saves)).toBe(0);
    expect(credentials()).toEqual([]);
    const bobId = (await client.store.get("bob"))!.calUserId;
    expect(client.emulator.calendars.credentials(bobId)).toEqual([]);
  });

  test.each([
    ["no JSON", "abc"],
    ["null", "null"],
    ["a text", '"abc"'],
    ["a list", "[]"],
    ["an empty object", "{}"],
    ["no access token", '{"redir":"https://app.example","origin":"o"}'],
    ["an access token that is null", '{"accessToken":null}'],
    ["an access token that is no text", '{"accessToken":{"a":1}}'],
    ["an access token that is empty", '{"accessToken":""}'],
    ["a token that is none", '{"accessToken":"abc"}'],
    ["parameters", "accessToken=abc&origin=o&isDryRun=false"],
  ])("refuses a state with %s, and sends nothing", async (_, state) => {
    const error = await rejection(ada.calendars.save("google", { code: "good:alice", state }));
    expect(error).toBeInstanceOf(CalValidationError);
    expect(client.emulator.count(saves)).toBe(0);
  });

  test("refuses a state in which a second access token hides", async () => {
    const bob = await client.cal.ensureUser("bob", { email: "bob@example.com", name: "Bob" });
    const [mine, theirs] = [await ada.accessToken(), await bob.accessToken()];
    const state = `{"accessToken":"${mine.accessToken}","accessToken":"${theirs.accessToken}"}`;
    expect(await rejection(ada.calendars.save("google", { code: "good:alice", state }))).toBeInstanceOf(
      CalValidationError,
    );
    expect(client.emulator.count(saves)).toBe(0);
  });

  test("takes a state with an older access token of the same user", async () => {
    const { state } = await consent("google");
    client.emulator.clock.advance(20 * 60_000);
    await ada.accessToken({ minTtlMs: 44 * 60_000 });
    expect(client.emulator.count({ path: refresh })).toBe(1);
    expect(await ada.calendars.save("google", { code: "good:alice", state })).toEqual({ returnUrl });
    expect(await ada.calendars.check("google")).toEqual({ connected: true });
  });

  test("with a token that is gone says to start again, and refreshes nothing", async () => {
    const given = await consent("google");
    await client.cal.managedUsers.forceRefreshTokens(adaId);
    const before = client.emulator.count({ path: refresh });
    const error = await rejection(ada.calendars.save("google", given));
    expect(error).toMatchObject({ code: "unauthorized", status: 401 });
    expect((error as Error).message).toContain("connectUrl()");
    expect(client.emulator.count({ path: refresh })).toBe(before);
  });

  test("with a wrong code says what may be wrong, once", async () => {
    const { state } = await consent("google");
    const error = await rejection(ada.calendars.save("google", { code: "wrong", state }));
    expect(error).toMatchObject({ code: "provider_code_rejected", status: 500 });
    expect((error as Error).message).toContain("connectUrl()");
    expect(client.emulator.count(saves)).toBe(1);
  });

  test("without access to calendars says so as for a wrong code", async () => {
    const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl });
    const { code, state } = await client.emulator.provider.authorize(authUrl, {
      withoutCalendarScope: true,
      stopBeforeCallback: true,
    });
    const error = await rejection(ada.calendars.save("google", { code: code!, state: state! }));
    expect(error).toMatchObject({ code: "provider_code_rejected" });
  });

  test.each([
    [{ status: 502 }, "server_error"],
    [{ html: true, status: 500 }, "server_error"],
    [{ status: 500 }, "server_error"],
    [{ status: 500, body: { statusCode: 500, message: "Internal server error" } }, "provider_code_rejected"],
  ] as const)("that fails with %j is %s", async (effect, code) => {
    const given = await consent("google");
    client.emulator.inject({ path: /\/save$/, effect });
    expect(await rejection(ada.calendars.save("google", given))).toMatchObject({ code });
  });

  test("for a user that was never made", async () => {
    const given = await consent("google");
    const error = await rejection(client.cal.forUser("nobody").calendars.save("google", given));
    expect(error).toMatchObject({ code: "user_not_found" });
    expect(client.emulator.count(saves)).toBe(0);
  });
});

describe("sync", () => {
  test("removes what three callbacks at once left behind, and keeps one", async () => {
    const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl });
    const state = new URL(authUrl).searchParams.get("state")!;
    const saves = ["good:alice", "good:alice", "good:alice"].map((code) =>
      ada.calendars.save("google", { code, state }),
    );
    await Promise.all(saves);
    expect(credentials()).toHaveLength(3);

    const result = await ada.calendars.sync("google");
    expect(result.status).toEqual({ connected: true });
    expect(result.connectedCalendars).toHaveLength(1);
    expect(result.removedDuplicates).toHaveLength(2);
    expect(credentials().map(({ id }) => id)).toEqual([result.connectedCalendars[0]!.credentialId]);
  });

  test("by two processes at once leaves one as well", async () => {
    const { authUrl } = await ada.calendars.connectUrl("google", { returnUrl });
    const state = new URL(authUrl).searchParams.get("state")!;
    await Promise.all(
      ["good:alice", "good:alice", "good:alice"].map((code) => ada.calendars.save("google", { code, state })),
    );
    const other = clientOf(client.emulator, client.store).forUser("ada");
    await Promise.all([ada.calendars.sync("google"), other.calendars.sync("google")]);
    expect(credentials()).toHaveLength(1);
  });

  test("removes none while one of them doesn't work: it could be the one that is kept", async () => {
    const old = client.emulator.calendars.connect(adaId, "google", "alice");
    client.emulator.calendars.connect(adaId, "google", "alice");
    client.emulator.calendars.invalidate({ userId: adaId, credentialId: old });
    const result = await ada.calendars.sync("google");
    expect(result).toMatchObject({
      status: { connected: false, reason: "invalid_credentials", credentialId: old },
      removedDuplicates: [],
    });
    expect(credentials()).toHaveLength(2);
  });

  test("keeps the one that bookings go to", async () => {
    client.emulator.calendars.connect(adaId, "google", "alice");
    const second = client.emulator.calendars.connect(adaId, "google", "alice");
    const list = await ada.calendars.list();
    const destinationId = list.destinationCalendar!.credentialId;
    const { connectedCalendars } = await ada.calendars.sync("google");
    expect(connectedCalendars.map(({ credentialId }) => credentialId)).toEqual([destinationId]);
    expect([credentials()[0]!.id, second]).toContain(destinationId);
    expect((await ada.calendars.list()).destinationCalendar!.credentialId).toBe(destinationId);
  });

  test("leaves two accounts of one provider, and the other providers, alone", async () => {
    await connect("google", "alice");
    await connect("google", "carol");
    await connect("office365");
    const { connectedCalendars, removedDuplicates } = await ada.calendars.sync("google");
    expect(connectedCalendars).toHaveLength(2);
    expect(removedDuplicates).toEqual([]);
    expect(credentials()).toHaveLength(3);
  });

  test("of nothing says so", async () => {
    const result = await ada.calendars.sync("google");
    expect(result).toMatchObject({
      status: { connected: false, reason: "not_connected" },
      connectedCalendars: [],
    });
  });

  test("of a broken account shows it, with its error", async () => {
    await connect("google");
    client.emulator.provider.revoke({ userId: adaId, provider: "google" });
    const result = await ada.calendars.sync("google");
    expect(result.status).toMatchObject({ connected: false, reason: "revoked" });
    expect(result.connectedCalendars[0]).toMatchObject({ primary: null, calendars: [] });
    expect(result.connectedCalendars[0]!.error!.message).toBeTruthy();
  });
});
