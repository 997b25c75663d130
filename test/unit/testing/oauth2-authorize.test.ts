import { describe, expect, test } from "vitest";
import {
  authorizeUrl,
  createOAuth2Emulator,
  exchangeFields,
  REDIRECT_URI,
} from "../../support/oauth2-emulator.js";

const hostile = `"><script>alert(1)</script>'&`;

/** Opens the page, and submits its forms as a browser does. */
function browse(url: string, { emulator }: ReturnType<typeof createOAuth2Emulator>) {
  const read = async (response: Response) => ({
    status: response.status,
    location: response.headers.get("location"),
    html: await response.text(),
  });
  return {
    open: async () => read(await emulator.fetch(url, { redirect: "manual" })),
    submit: async (form: Record<string, string>) => {
      const body = new URLSearchParams(form);
      return read(await emulator.fetch(url, { method: "POST", body, redirect: "manual" }));
    },
  };
}

describe("Cal.com's authorize page", () => {
  test("is below the app's origin, and offers people to sign in as", async () => {
    const world = createOAuth2Emulator();
    expect(world.emulator.oauth2.authorizeUrl).toBe("https://api.cal.example/auth/oauth2/authorize");
    const { status, html } = await browse(authorizeUrl(world.emulator), world).open();
    expect(status).toBe(200);
    expect(html).toContain("ada@cal.example");
    expect(html).toContain("grace@cal.example");
    expect(html).not.toContain("<script");
  });

  test("after signing in, shows the client, the person and the scopes", async () => {
    const world = createOAuth2Emulator();
    const url = authorizeUrl(world.emulator, { scope: "APPS_READ,PROFILE_READ" });
    const { html } = await browse(url, world).submit({ person: String(world.grace.id), decision: "sign-in" });
    expect(html).toContain("The App would like access");
    expect(html).toContain("grace@cal.example");
    expect(html).toContain("View connected apps");
    expect(html).toContain("PROFILE_READ");
    expect(html).not.toContain("APPS_WRITE");
    expect(html).toMatch(/value="allow"[\s\S]*value="deny"/);
  });

  test("Allow redirects with a code for the person who has signed in, and the state", async () => {
    const world = createOAuth2Emulator();
    const state = "a&b=c#d%20e";
    const url = authorizeUrl(world.emulator, { state });
    const { status, location } = await browse(url, world).submit({
      person: String(world.grace.id),
      decision: "allow",
    });
    expect(status).toBe(302);
    const back = new URL(location!);
    expect(back.origin + back.pathname).toBe(REDIRECT_URI);
    expect(back.searchParams.get("state")).toBe(state);
    expect(back.searchParams.get("code")).toHaveLength(54);
    const tokens = await world.api.token(exchangeFields(back.searchParams.get("code")!));
    const me = await world.api.user(String(tokens.body.access_token), "GET", "/me");
    expect(me.body.data.email).toBe("grace@cal.example");
  });

  test("Go back redirects with access_denied", async () => {
    const world = createOAuth2Emulator();
    const { location } = await browse(authorizeUrl(world.emulator), world).submit({
      person: String(world.ada.id),
      decision: "deny",
    });
    expect(location).toBe(`${REDIRECT_URI}?error=access_denied&state=st`);
  });

  test("a trusted client is redirected after signing in, without a question", async () => {
    const world = createOAuth2Emulator();
    const url = authorizeUrl(world.emulator, { client_id: "trusted", scope: null });
    const { location } = await browse(url, world).submit({
      person: String(world.ada.id),
      decision: "sign-in",
    });
    expect(new URL(location!).searchParams.has("code")).toBe(true);
  });

  test.each([
    ["an unknown client", { client_id: "nope" }, "OAuth client with ID not found"],
    ["another redirect URI", { redirect_uri: `${REDIRECT_URI}/` }, "redirect_uri does not match"],
    ["a pending client", { client_id: "pending", scope: null }, "OAuth client is not approved"],
    ["a rejected client", { client_id: "rejected", scope: null }, "OAuth client has been rejected"],
    ["no scope", { scope: null }, "scope parameter is required for this OAuth client"],
  ])("%s: the page stays, with a sentence", async (_, parameters, sentence) => {
    const world = createOAuth2Emulator();
    const url = authorizeUrl(world.emulator, parameters);
    for (const { status, html } of [
      await browse(url, world).open(),
      await browse(url, world).submit({ person: String(world.ada.id), decision: "allow" }),
    ]) {
      expect(status).toBe(200);
      expect(html).toContain(sentence);
    }
    const result = await world.emulator.oauth2.authorize(url);
    expect(result).toMatchObject({
      redirectTo: null,
      code: null,
      message: expect.stringContaining(sentence),
    });
  });

  test("without a redirect URI, the page is empty", async () => {
    const world = createOAuth2Emulator();
    const { status, html } = await browse(authorizeUrl(world.emulator, { redirect_uri: null }), world).open();
    expect(status).toBe(200);
    expect(html).not.toContain("<form");
  });

  test("a pending client can be used by its owner only", async () => {
    const { emulator, ada, grace } = createOAuth2Emulator();
    emulator.oauth2.clients.create({
      id: "mine",
      secret: "s",
      redirectUris: [REDIRECT_URI],
      status: "pending",
      ownerId: ada.id,
    });
    const url = authorizeUrl(emulator, { client_id: "mine", scope: null });
    expect((await emulator.oauth2.authorize(url, { person: ada.id })).code).not.toBeNull();
    expect((await emulator.oauth2.authorize(url, { person: grace.id })).reason).toBe("client_not_approved");
  });

  test("escapes what comes from the URL and from names", async () => {
    const world = createOAuth2Emulator();
    const { id } = world.emulator.people.create({ email: "eve@cal.example", name: hostile });
    world.emulator.oauth2.clients.create({
      id: "hostile",
      secret: "s",
      redirectUris: [REDIRECT_URI],
      name: hostile,
    });
    const url = authorizeUrl(world.emulator, { client_id: "hostile", scope: null, state: hostile });
    const page = browse(url, world);
    for (const { html } of [
      await page.open(),
      await page.submit({ person: String(id), decision: "sign-in" }),
      await browse(authorizeUrl(world.emulator, { client_id: hostile }), world).open(),
    ]) {
      expect(html).not.toContain("<script>");
    }
    const { location } = await page.submit({ person: String(id), decision: "allow" });
    expect(new URL(location!).searchParams.get("state")).toBe(hostile);
  });

  test("is not logged as a request to the API, and faults don't apply to it", async () => {
    const world = createOAuth2Emulator();
    world.emulator.inject({ times: Infinity, effect: { status: 500 } });
    expect((await browse(authorizeUrl(world.emulator), world).open()).status).toBe(200);
    expect(world.emulator.requests).toEqual([]);
  });
});

describe("oauth2.authorize", () => {
  test("returns the redirect of Allow and of Go back", async () => {
    const { emulator } = createOAuth2Emulator();
    const url = authorizeUrl(emulator);
    const allowed = await emulator.oauth2.authorize(url, { person: "grace" });
    expect(allowed).toMatchObject({ state: "st", error: null, message: null, reason: null });
    expect(allowed.redirectTo).toBe(`${REDIRECT_URI}?code=${allowed.code}&state=st`);
    expect(await emulator.oauth2.authorize(url, { deny: true })).toEqual({
      redirectTo: `${REDIRECT_URI}?error=access_denied&state=st`,
      code: null,
      state: "st",
      error: "access_denied",
      message: null,
      reason: "access_denied",
    });
  });

  test("without a state, the redirect has none", async () => {
    const { emulator } = createOAuth2Emulator();
    const { redirectTo, code } = await emulator.oauth2.authorize(authorizeUrl(emulator, { state: null }));
    expect(redirectTo).toBe(`${REDIRECT_URI}?code=${code}`);
  });

  test("keeps the query of the redirect URI", async () => {
    const { emulator } = createOAuth2Emulator();
    const redirect_uri = `${REDIRECT_URI}?tenant=1`;
    emulator.oauth2.clients.create({ id: "query", secret: "s", redirectUris: [redirect_uri] });
    const url = authorizeUrl(emulator, { client_id: "query", scope: null, redirect_uri });
    const { redirectTo, code } = await emulator.oauth2.authorize(url);
    expect(redirectTo).toBe(`${redirect_uri}&code=${code}&state=st`);
  });

  test.each([
    ["an unknown scope", { scope: "APPS_READ NOPE" }, "unknown_scope", "not a recognized scope"],
    [
      "more scopes than registered",
      { scope: "BOOKING_READ" },
      "scope_exceeds_client_registration",
      "exceeds",
    ],
    [
      "a public client without a challenge",
      { client_id: "public" },
      "pkce_required",
      "code_challenge required for public clients",
    ],
    [
      "a challenge without a method",
      { client_id: "public", code_challenge: "x" },
      "invalid_code_challenge_method",
      "code_challenge_method must be S256",
    ],
    [
      "the method plain",
      { code_challenge: "x", code_challenge_method: "plain" },
      "invalid_code_challenge_method",
      "code_challenge_method must be S256",
    ],
  ])("%s: redirects with an error and a sentence", async (_, parameters, reason, sentence) => {
    const { emulator } = createOAuth2Emulator();
    const result = await emulator.oauth2.authorize(authorizeUrl(emulator, parameters));
    expect(result).toMatchObject({
      error: "invalid_request",
      state: "st",
      code: null,
      message: null,
      reason,
    });
    expect(new URL(result.redirectTo!).searchParams.get("error_description")).toContain(sentence);
  });

  test("a strict server separates scopes by spaces or commas, a lenient one by commas only", async () => {
    const scopesWith = async (mode: "strict" | "lenient", scope: string): Promise<unknown> => {
      const { emulator, api } = createOAuth2Emulator(mode);
      const { code } = await emulator.oauth2.authorize(authorizeUrl(emulator, { scope }));
      const { body } = await api.token(exchangeFields(code!));
      return JSON.parse(Buffer.from(String(body.access_token).split(".")[1]!, "base64url").toString()).scope;
    };
    expect(await scopesWith("strict", "APPS_READ APPS_WRITE")).toEqual(["APPS_READ", "APPS_WRITE"]);
    expect(await scopesWith("strict", "APPS_READ,APPS_WRITE")).toEqual(["APPS_READ", "APPS_WRITE"]);
    expect(await scopesWith("lenient", "APPS_READ,APPS_WRITE")).toEqual(["APPS_READ", "APPS_WRITE"]);
    expect(await scopesWith("lenient", "APPS_READ APPS_WRITE")).toEqual(["APPS_READ APPS_WRITE"]);
  });

  test("a lenient server with legacy scopes only ends other scopes with server_error", async () => {
    const { emulator } = createOAuth2Emulator("lenient", { oauth2: { hasLegacyScopesOnly: true } });
    const { authorize } = emulator.oauth2;
    const client = { id: "old", secret: "s", redirectUris: [REDIRECT_URI] };
    emulator.oauth2.clients.create(client);
    const url = (scope: string | null) => authorizeUrl(emulator, { client_id: "old", scope });
    expect((await authorize(url("APPS_READ"))).error).toBe("server_error");
    expect((await authorize(url("READ_BOOKING,READ_PROFILE"))).code).not.toBeNull();
    expect((await authorize(url(null))).code).not.toBeNull();
  });

  test("a code for a team has no user, and its tokens act as the team's owner", async () => {
    const { emulator, api, grace } = createOAuth2Emulator();
    const teamId = emulator.people.createTeam(grace.id, { name: "Compilers" });
    await expect(emulator.oauth2.authorize(authorizeUrl(emulator), { teamId })).rejects.toThrow(
      "show_account_selector",
    );
    const url = authorizeUrl(emulator, { show_account_selector: "true" });
    const { code } = await emulator.oauth2.authorize(url, { person: "grace", teamId });
    const { body } = await api.token(exchangeFields(code!));
    const claims = JSON.parse(Buffer.from(String(body.access_token).split(".")[1]!, "base64url").toString());
    expect(claims).toMatchObject({ userId: null, teamId });
    expect((await api.user(String(body.access_token), "GET", "/me")).body.data.id).toBe(grace.id);
  });

  test("rejects a URL of another page, and an unknown person", async () => {
    const { emulator } = createOAuth2Emulator();
    for (const url of ["https://app.cal.com/auth/oauth2/authorize?client_id=app", "nope", emulator.url]) {
      await expect(emulator.oauth2.authorize(url)).rejects.toThrow(
        "not a URL of this emulator's authorize page",
      );
    }
    await expect(emulator.oauth2.authorize(authorizeUrl(emulator), { person: "eve" })).rejects.toThrow(
      "There are: ada@cal.example, grace@cal.example",
    );
  });

  test("uses the server's address while the emulator listens", async () => {
    const { emulator } = createOAuth2Emulator();
    const server = await emulator.listen();
    expect(emulator.oauth2.authorizeUrl).toBe(`${new URL(server.url).origin}/auth/oauth2/authorize`);
    expect((await fetch(authorizeUrl(emulator))).status).toBe(200);
    await server.close();
  });
});
