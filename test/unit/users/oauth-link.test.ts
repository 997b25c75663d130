import { describe, expect, test } from "vitest";
import {
  CalLinkError,
  CalTokenError,
  memoryConnectionStore,
  memoryTokenStore,
  type CalUser,
  type TokenStore,
} from "../../../src/index.js";
import { rejection } from "../../support/client.js";
import { REDIRECT_URI } from "../../support/oauth2-emulator.js";
import {
  isTokenRequest,
  authorize,
  createOAuthClient,
  link,
  type OAuthClientOptions,
} from "../../support/oauth-client.js";
import { recordings } from "../../support/recordings.js";

const publicClient: OAuthClientOptions = { oauth: { clientId: "public", clientSecret: undefined } };
const both: OAuthClientOptions = { managedUsers: true, newUsers: "managed" };
const input = { email: "ada@example.com", name: "Ada", timeZone: "Europe/London" };

/** A store with one method changed. */
function changed(change: (inner: Required<TokenStore>) => Partial<TokenStore>): TokenStore {
  const inner = memoryTokenStore();
  return { ...inner, ...change(inner) };
}

describe("authorizationUrl()", () => {
  test("leads to Cal.com's page, with commas between the scopes and no challenge for a client with a secret", async () => {
    const { cal, emulator } = createOAuthClient();
    const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state: "a&b=c" });
    const { origin, pathname, searchParams } = new URL(url);
    expect(origin + pathname).toBe(emulator.oauth2.authorizeUrl);
    expect(Object.fromEntries(searchParams)).toEqual({
      client_id: "app",
      redirect_uri: REDIRECT_URI,
      state: "a&b=c",
      scope: "APPS_READ,APPS_WRITE,PROFILE_READ",
    });
    expect(codeVerifier).toBeNull();
  });

  test("has a new S256 challenge each time for a client without a secret", async () => {
    const { cal } = createOAuthClient(publicClient);
    const [one, two] = [
      await cal.oauth.authorizationUrl({ state: "s" }),
      await cal.oauth.authorizationUrl({ state: "s" }),
    ];
    expect(one.codeVerifier).toMatch(/^[\w-]{43}$/);
    expect(two.codeVerifier).not.toBe(one.codeVerifier);
    expect(new URL(one.url).searchParams.get("code_challenge_method")).toBe("S256");
    expect(one.url).not.toContain(one.codeVerifier);
  });

  test("takes scopes and a redirect URI for one call; `[]` sends no scope", async () => {
    const { cal } = createOAuthClient();
    const redirectUri = "https://app.example/other?x=1";
    const { url } = await cal.oauth.authorizationUrl({ state: "s", scopes: [], redirectUri });
    expect(new URL(url).searchParams.has("scope")).toBe(false);
    expect(new URL(url).searchParams.get("redirect_uri")).toBe(redirectUri);
  });

  test.each([
    [{}, /state/],
    [{ state: "  " }, /state/],
    [{ state: "s", scopes: "APPS_READ" }, /scopes must be a list/],
    [{ state: "s", scopes: ["APPS_READ,APPS_WRITE"] }, /scopes must be a list/],
    [{ state: "s", redirectUri: "/callback" }, /redirectUri must be an absolute URL/],
    [{ state: "s", redirectUri: "https://app.example/#x" }, /fragment/],
  ])("refuses %j", async (bad, message) => {
    const { cal } = createOAuthClient();
    const error = await rejection(cal.oauth.authorizationUrl(bad as never));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringMatching(message) });
  });

  test("without a redirect URI says where to give one", async () => {
    const { cal } = createOAuthClient({ oauth: { redirectUri: undefined } });
    const error = await rejection(cal.oauth.authorizationUrl({ state: "s" }));
    expect(error).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("oauth.redirectUri"),
    });
  });
});

describe.each(["strict", "lenient"] as const)("link() at a %s server", (mode) => {
  test.each([
    ["a confidential client", {}],
    ["a public client", publicClient],
  ])("stores the tokens of the person's account for %s, and calls work", async (_, options) => {
    const world = createOAuthClient({ mode, ...options });
    const ada = await link(world);
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
    expect(await world.store.get("ada")).toMatchObject({ calUserId: world.adaAtCal.id });
    expect(await world.details()).toMatchObject({ grant: "oauth", rotation: 1, email: world.adaAtCal.email });
  });

  test("says what is linked, without a request", async () => {
    const world = createOAuthClient({ mode });
    expect(await world.cal.forUser("ada").calAccount()).toBeNull();
    const ada = await link(world);
    const before = world.emulator.requests.length;
    const now = world.emulator.clock.now();
    expect(await ada.calAccount()).toEqual({
      grant: "oauth",
      calUserId: world.adaAtCal.id,
      email: world.adaAtCal.email,
      linkedAt: new Date(now),
      expiresAt: new Date(now + 30 * 24 * 3_600_000),
      scopes: mode === "strict" ? ["APPS_READ", "APPS_WRITE", "PROFILE_READ"] : null,
      missingScopes: [],
      reauthorization: null,
    });
    expect(world.emulator.requests).toHaveLength(before);
  });
});

describe("the exchange of a code", () => {
  const refusals = ["strict", "lenient"].flatMap((mode) =>
    recordings(`oauth2-${mode}-1-exchange`)
      .filter(({ request, response }) => request.path.endsWith("/oauth2/token") && response.status >= 400)
      .filter(({ request }) => request.method === "POST")
      .map(({ name, response }) => ({ name: `${mode}: ${name}`, response })),
  );

  test.each(refusals)("$name: a clear error, nothing stored, one request", async ({ response }) => {
    const world = createOAuthClient();
    const grant = await authorize(world);
    world.emulator.inject({
      grantType: "authorization_code",
      effect: { status: response.status, body: response.body },
    });
    const error = (await rejection(world.cal.oauth.link("ada", grant))) as CalLinkError;
    const { error: name } = response.body as { error: unknown };
    const isClient = name === "invalid_client" || name === "unauthorized_client";
    const isEnvelope = typeof name !== "string";
    expect(error.code).toBe(isClient ? "client_rejected" : isEnvelope ? "bad_request" : "code_rejected");
    expect(error.message).not.toContain(grant.code);
    expect(await world.store.get("ada")).toBeNull();
    expect(world.tokenRequests()).toBe(1);
  });

  test.each([
    { status: 502 },
    { reset: true as const },
    { html: true as const },
    { empty: true as const },
    { truncate: true as const },
  ])("is not sent again after %j", async (effect) => {
    const world = createOAuthClient();
    const grant = await authorize(world);
    world.emulator.inject({ grantType: "authorization_code", effect });
    await rejection(world.cal.oauth.link("ada", grant));
    expect(world.tokenRequests()).toBe(1);
    expect(await world.store.get("ada")).toBeNull();
  });

  test("a confidential client sends no verifier, a public one no secret: nothing is sent for a mix", async () => {
    const confidential = createOAuthClient();
    const { code } = await authorize(confidential);
    const mixed = await rejection(confidential.cal.oauth.link("ada", { code, codeVerifier: "v" }));
    expect(mixed).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining("must be absent"),
    });

    const open = createOAuthClient(publicClient);
    const missing = await rejection(open.cal.oauth.link("ada", { code: "c" }));
    expect(missing).toMatchObject({ code: "invalid_input", message: expect.stringContaining("missing") });
    expect(confidential.tokenRequests() + open.tokenRequests()).toBe(0);
  });

  test("a store that fails meanwhile is asked again: the code works once", async () => {
    let failures = 0;
    const fail = async <T>(work: () => Promise<T>): Promise<T> => {
      const result = await work();
      if (failures-- > 0) throw new Error("the database restarts");
      return result;
    };
    const tokenStore = changed((inner) => ({
      get: (userId) => fail(() => inner.get(userId)),
      set: (record, options) => fail(() => inner.set(record, options)),
    }));
    const world = createOAuthClient({ tokenStore });
    const cal = world.another({
      fetch: async (request, init) => {
        if (isTokenRequest(request)) failures = 3;
        return world.emulator.fetch(request, init);
      },
    });
    const ada = await link({ ...world, cal });
    expect(failures).toBeLessThan(0);
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
    expect(await world.details()).toMatchObject({ rotation: 1, email: world.adaAtCal.email });
  });

  test("a code that was used is refused, and the link that it gave stays", async () => {
    const world = createOAuthClient();
    const grant = await authorize(world);
    const ada = await world.cal.oauth.link("ada", grant);
    expect(await rejection(world.cal.oauth.link("ada", grant))).toMatchObject({ code: "code_rejected" });
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
  });

  test("a redirect URI of this call is the one that is sent", async () => {
    const world = createOAuthClient({ oauth: { redirectUri: "https://app.example/not-registered" } });
    const { url } = await world.cal.oauth.authorizationUrl({ state: "s", redirectUri: REDIRECT_URI });
    const { code } = await world.emulator.oauth2.authorize(url, { person: "ada" });
    expect(await rejection(world.cal.oauth.link("ada", { code: code! }))).toMatchObject({
      code: "code_rejected",
      message: expect.stringContaining("character for character"),
    });
    await world.cal.oauth.link("ada", { code: code!, redirectUri: REDIRECT_URI });
  });

  test("the request carries the client's id, so that the limit is not that of the address", async () => {
    const seen: (string | null)[] = [];
    const world = createOAuthClient();
    const cal = world.another({
      fetch: (input, init) => {
        if (isTokenRequest(input)) seen.push(new Headers(init?.headers).get("x-cal-client-id"));
        return world.emulator.fetch(input, init);
      },
    });
    await link({ ...world, cal });
    expect(seen).toEqual(["app"]);
  });
});

describe("whose account is linked", () => {
  test("a team's tokens are refused and dropped", async () => {
    const world = createOAuthClient();
    const teamId = world.emulator.people.createTeam(world.adaAtCal.id, { name: "Team" });
    const { url } = await world.cal.oauth.authorizationUrl({ state: "s" });
    const { code } = await world.emulator.oauth2.authorize(`${url}&show_account_selector=true`, { teamId });
    const error = await rejection(world.cal.oauth.link("ada", { code: code! }));
    expect(error).toMatchObject({ code: "team_account_not_supported" });
    expect(await world.store.get("ada")).toBeNull();
  });

  test("another account of the same user is refused and the old link stays, unless `replace` is given", async () => {
    const world = createOAuthClient();
    const ada = await link(world);
    const refused = await rejection(link(world, "ada", "grace"));
    expect(refused).toMatchObject({ code: "different_cal_account" });
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
    await world.cal.oauth.link("ada", await authorize(world, "grace"), { replace: true });
    expect(await ada.profile()).toMatchObject({ id: world.graceAtCal.id });
    expect(await ada.calAccount()).toMatchObject({ email: world.graceAtCal.email });
  });

  test("another user's account is refused and stays linked there, unless `takeOver` is given", async () => {
    const world = createOAuthClient();
    const first = await link(world, "user-1");
    expect(await rejection(link(world, "user-2"))).toMatchObject({ code: "cal_account_in_use" });
    expect(await world.store.get("user-2")).toBeNull();
    // The dropped tokens were never refreshed, which would have ended these.
    world.emulator.clock.advance(31 * 60_000);
    expect(await first.profile()).toMatchObject({ id: world.adaAtCal.id });

    const second = await world.cal.oauth.link("user-2", await authorize(world), { takeOver: true });
    expect(await second.profile()).toMatchObject({ id: world.adaAtCal.id });
    expect(await world.store.get("user-1")).toBeNull();
    expect(await rejection(first.profile())).toMatchObject({ code: "user_not_found" });
  });

  test("the user whose account was taken is no longer checked for broken connections", async () => {
    const connections = memoryConnectionStore();
    const world = createOAuthClient({ connectionStore: connections });
    await link(world, "user-1");
    await world.cal.checkConnection("user-1");
    expect(await connections.get("user-1")).not.toBeNull();
    await world.cal.oauth.link("user-2", await authorize(world), { takeOver: true });
    await expect.poll(() => connections.get("user-1")).toBeNull();
  });

  test("a managed user's account can't be taken over", async () => {
    const world = createOAuthClient(both);
    const record = { userId: "user-1", calUserId: world.adaAtCal.id, calServer: "", details: null };
    const tokens = {
      calAccessToken: "a",
      calAccessTokenExpiresAt: null,
      calRefreshToken: null,
      calRefreshTokenExpiresAt: null,
    };
    await world.store.set({ ...record, ...tokens }, { ifVersion: null });
    const error = await rejection(world.cal.oauth.link("user-2", await authorize(world), { takeOver: true }));
    expect(error).toMatchObject({ code: "cal_account_in_use" });
    expect(await world.store.get("user-1")).not.toBeNull();
  });

  test("the same account linked again replaces the tokens and clears the mark", async () => {
    const world = createOAuthClient();
    const ada = await link(world);
    world.emulator.clock.advance(31 * 60_000);
    world.emulator.oauth2.revokeRefreshTokens(world.adaAtCal.id);
    expect(await rejection(ada.profile())).toMatchObject({ code: "reauthorization_required" });
    await link(world);
    expect(await ada.calAccount()).toMatchObject({ reauthorization: null });
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
  });
});

describe("a store that does not keep `details`", () => {
  const dropping = (): TokenStore =>
    changed((inner) => ({ set: (record, options) => inner.set({ ...record, details: null }, options) }));

  test("is refused, and nothing stays linked", async () => {
    const world = createOAuthClient({ tokenStore: dropping() });
    expect(await rejection(link(world))).toMatchObject({
      code: "store_error",
      message: expect.stringContaining("`details`"),
    });
    expect(await world.store.get("ada")).toBeNull();
  });

  test("also if it returns what it was given and keeps something else", async () => {
    const tokenStore = changed((inner) => ({
      set: async (record, options) => {
        const written = await inner.set({ ...record, details: null }, options);
        return written && { ...written, details: record.details };
      },
    }));
    const world = createOAuthClient({ tokenStore });
    expect(await rejection(link(world))).toMatchObject({ code: "store_error" });
  });

  test("is refused before the code is used up, and the managed user stays as it was", async () => {
    const world = createOAuthClient({ ...both, tokenStore: dropping() });
    const ada = await world.cal.ensureUser("ada", input);
    const { calUserId } = (await world.store.get("ada"))!;
    expect(await rejection(link(world))).toMatchObject({ code: "store_error" });
    expect(world.tokenRequests()).toBe(0);
    expect(await world.store.get("ada")).toMatchObject({ calUserId });
    expect(await ada.profile()).toMatchObject({ id: calUserId });
  });
});

describe("leaving", () => {
  test("unlink() forgets the tokens and changes nothing at Cal.com", async () => {
    const world = createOAuthClient();
    const ada = await link(world);
    const before = world.emulator.requests.length;
    expect([await ada.unlink(), await ada.unlink()]).toEqual([true, false]);
    expect(await world.store.get("ada")).toBeNull();
    expect(world.emulator.requests).toHaveLength(before);
    expect(world.emulator.people.get(world.adaAtCal.id)).toBeDefined();
    expect(await rejection(ada.profile())).toMatchObject({ code: "user_not_found" });
  });

  test("delete() forgets a linked user and leaves the person's account alone", async () => {
    const world = createOAuthClient(both);
    const ada = await link(world);
    const before = world.emulator.requests.length;
    expect([await ada.delete(), await ada.delete()]).toEqual([true, false]);
    expect(world.emulator.requests).toHaveLength(before);
    expect(world.emulator.people.get(world.adaAtCal.id)).toBeDefined();
  });
});

describe("what a grant does not have", () => {
  test("a linked person's profile can't be changed", async () => {
    const world = createOAuthClient(both);
    const ada = await link(world);
    const error = await rejection(ada.update({ name: "Other" }));
    expect(error).toMatchObject({
      code: "unsupported_for_grant",
      message: expect.stringContaining("update()"),
    });
    expect(world.emulator.people.get(world.adaAtCal.id)).toMatchObject({ name: world.adaAtCal.name });
  });

  test("a managed user can't be unlinked", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    expect(await rejection(ada.unlink())).toMatchObject({ code: "unsupported_for_grant" });
    expect(await world.store.get("ada")).not.toBeNull();
  });

  test("a client without managed users has none of their methods, and one without OAuth 2 no `oauth`", async () => {
    const { cal, emulator } = createOAuthClient();
    expect(await rejection(cal.managedUsers.get(1))).toMatchObject({ code: "unsupported_for_grant" });
    expect(emulator.requests).toHaveLength(0);
    const managed = createOAuthClient({ managedUsers: true });
    const ada: CalUser = await link(managed);
    expect(await ada.deletePreviousManagedUser()).toBe(false);
  });

  test("a record of the other grant is refused with the name of the missing option", async () => {
    const world = createOAuthClient(both);
    await world.cal.ensureUser("ada", input);
    world.emulator.clock.advance(61 * 60_000);
    const error = (await rejection(
      world.another({ managedUsers: undefined }).forUser("ada").profile(),
    )) as CalTokenError;
    expect(error).toMatchObject({
      code: "unsupported_for_grant",
      message: expect.stringContaining("managedUsers"),
    });
  });

  test("a scope that the user did not grant is a missing scope, by its name", async () => {
    const world = createOAuthClient();
    const { url } = await world.cal.oauth.authorizationUrl({ state: "s", scopes: ["APPS_READ"] });
    const { code } = await world.emulator.oauth2.authorize(url, { person: "ada" });
    const ada = await world.cal.oauth.link("ada", { code: code! });
    // The address needs PROFILE_READ: without it the link is good, and the address is not known.
    expect(await ada.calAccount()).toMatchObject({
      email: null,
      missingScopes: ["APPS_WRITE", "PROFILE_READ"],
    });
    const error = await rejection(ada.calendars.connectUrl("google", { returnUrl: "https://app.example/" }));
    expect(error).toMatchObject({ code: "missing_scope", missingScopes: ["APPS_WRITE"] });
  });

  test("an endpoint that Cal.com does not offer to OAuth 2 says so", async () => {
    const ada = await link(createOAuthClient());
    expect(await rejection(ada.calendars.connections())).toMatchObject({ code: "unavailable_for_grant" });
  });
});

describe("both grants in one client", () => {
  test("a user without a record gets what `newUsers` says", async () => {
    const managed = createOAuthClient(both);
    const ada = await managed.cal.ensureUser("ada", input);
    expect(await ada.calAccount()).toMatchObject({ grant: "managed" });

    const linking = createOAuthClient({ managedUsers: true, newUsers: "oauth" });
    const error = await rejection(linking.cal.ensureUser("ada", input));
    expect(error).toMatchObject({
      code: "user_not_found",
      message: expect.stringContaining("authorizationUrl"),
    });
    expect(linking.emulator.users.list()).toHaveLength(0);
  });

  test("a managed user moves over and keeps the old managed user; deleting it is a call of its own", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    const { calUserId: managedId } = (await world.store.get("ada"))!;
    await link(world);
    expect(await world.details()).toMatchObject({ grant: "oauth", previousCalUserId: managedId });
    // ensureUser() of each request leaves the link alone.
    await world.cal.ensureUser("ada", input);
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
    expect(world.emulator.users.get(managedId)).toBeDefined();

    expect([await ada.deletePreviousManagedUser(), await ada.deletePreviousManagedUser()]).toEqual([
      true,
      false,
    ]);
    expect(world.emulator.users.get(managedId)).toBeUndefined();
    expect(await world.details()).not.toHaveProperty("previousCalUserId");
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
  });

  test("and back: after unlink() ensureUser() finds the same managed user", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    const { calUserId } = (await world.store.get("ada"))!;
    await link(world);
    await ada.unlink();
    await world.cal.ensureUser("ada", input);
    expect(await ada.calAccount()).toEqual({ grant: "managed", calUserId });
    expect(await ada.profile()).toMatchObject({ id: calUserId });
    expect(world.emulator.users.list()).toHaveLength(1);
  });

  test("after unlink() the old managed user is found by its address, and no other one is deleted", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    await world.cal.ensureUser("grace", { ...input, email: "grace@example.com" });
    await link(world);
    await ada.unlink();
    await link(world);
    expect(await ada.deletePreviousManagedUser()).toBe(false);
    expect(await ada.deletePreviousManagedUser({ email: "grace@example.com" })).toBe(false);
    expect(world.emulator.users.list()).toHaveLength(2);
    expect(await ada.deletePreviousManagedUser({ email: input.email })).toBe(true);
    expect(world.emulator.users.list()).toHaveLength(1);
    expect(await ada.deletePreviousManagedUser({ email: input.email })).toBe(false);
    expect(await ada.profile()).toMatchObject({ id: world.adaAtCal.id });
    expect(await rejection(ada.deletePreviousManagedUser({ email: "ada" }))).toMatchObject({
      code: "invalid_input",
    });
  });

  test("the address of the managed user that a user has now deletes nothing", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    expect(await ada.deletePreviousManagedUser({ email: input.email })).toBe(false);
    expect(await ada.profile()).toMatchObject({ email: expect.stringContaining("ada") });
  });

  test("a previous managed user that another application user has by now is not deleted", async () => {
    const world = createOAuthClient(both);
    const ada = await world.cal.ensureUser("ada", input);
    const before = (await world.store.get("ada"))!;
    await link(world);
    const { version, createdAt, updatedAt, ...record } = before;
    await world.store.set({ ...record, userId: "ada-2" }, { ifVersion: null });
    await ada.deletePreviousManagedUser();
    expect(world.emulator.users.get(before.calUserId)).toBeDefined();
  });
});
