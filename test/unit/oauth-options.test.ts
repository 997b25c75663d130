import { describe, expect, test } from "vitest";
import { CalClient, memoryTokenStore } from "../../src/index.js";
import type { CalClientOptions } from "../../src/client-options.js";
import { rejection } from "../support/client.js";

const tokenStore = memoryTokenStore();
const oauth = { clientId: "app", clientSecret: "s3cret-of-app" };
const managedUsers = { clientId: "platform", clientSecret: "s3cret-of-platform" };

describe("from the environment", () => {
  const CAL_OAUTH_CLIENT_ID = "app";
  const all = {
    CAL_OAUTH_CLIENT_ID,
    CAL_OAUTH_CLIENT_SECRET: " s3cret-of-app\n",
    CAL_OAUTH_REDIRECT_URI: "https://app.example/callback",
    CAL_OAUTH_SCOPES: "APPS_READ, PROFILE_READ",
    CAL_AUTHORIZE_URL: "https://cal.example/auth/oauth2/authorize",
    CAL_API_URL: "https://api.cal.example/v2",
  };
  const authorize = async (env: Record<string, string>, redirectUri?: string) => {
    const cal = CalClient.fromEnv({ tokenStore, env });
    const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state: "st", redirectUri });
    return { clientId: cal.clientId, url: new URL(url), codeVerifier };
  };

  test("all variables", async () => {
    const { clientId, url, codeVerifier } = await authorize(all);
    expect(clientId).toBe("app");
    expect(url.origin + url.pathname).toBe(all.CAL_AUTHORIZE_URL);
    expect(Object.fromEntries(url.searchParams)).toEqual({
      client_id: "app",
      redirect_uri: "https://app.example/callback",
      state: "st",
      scope: "APPS_READ,PROFILE_READ",
    });
    // With a secret there is no PKCE: Cal.com accepts only one of them.
    expect(codeVerifier).toBeNull();
  });

  test("the id alone: a public client of Cal.com's cloud, with the scopes that calbridge needs", async () => {
    const { url, codeVerifier } = await authorize({ CAL_OAUTH_CLIENT_ID }, "https://app.example/callback");
    expect(url.origin + url.pathname).toBe("https://app.cal.com/auth/oauth2/authorize");
    expect(url.searchParams.get("scope")).toBe("APPS_READ,APPS_WRITE,PROFILE_READ");
    expect(url.searchParams.get("code_challenge_method")).toBe("S256");
    expect(codeVerifier).toMatch(/^[\w-]{43}$/);
  });

  test("scopes that are set and empty: none, for older servers", async () => {
    const { url } = await authorize({ ...all, CAL_OAUTH_SCOPES: "" });
    expect(url.searchParams.has("scope")).toBe(false);
  });

  const platform = { CAL_CLIENT_ID: "platform", CAL_CLIENT_SECRET: "s3cret-of-platform" };

  test("variables of both grants need newUsers, or CAL_NEW_USERS", async () => {
    const env = { ...all, ...platform };
    for (const CAL_NEW_USERS of ["", "both"]) {
      const error = await rejection(() => CalClient.fromEnv({ tokenStore, env: { ...env, CAL_NEW_USERS } }));
      expect(error).toMatchObject({
        code: "invalid_input",
        message: expect.stringContaining("CAL_NEW_USERS"),
      });
    }
    const cal = CalClient.fromEnv({ tokenStore, env, newUsers: "oauth" });
    expect(cal.clientId).toBe("platform");
    expect(() => cal.oauth).not.toThrow();
    expect(cal.grants).toEqual(["oauth", "managed"]);
    const named = { ...env, CAL_NEW_USERS: "managed" };
    expect(CalClient.fromEnv({ tokenStore, env: named }).grants).toEqual(["managed", "oauth"]);
    expect(CalClient.fromEnv({ tokenStore, env: named, newUsers: "oauth" }).grants).toEqual([
      "oauth",
      "managed",
    ]);
  });

  test("what new users get stays in the code and in the environment when one of the clients goes", () => {
    const newUsers = { tokenStore, newUsers: "oauth" } as const;
    const CAL_NEW_USERS = "oauth";
    expect(CalClient.fromEnv({ ...newUsers, env: { ...all, CAL_NEW_USERS } }).grants).toEqual(["oauth"]);
    expect(CalClient.fromEnv({ ...newUsers, env: { ...platform, CAL_NEW_USERS } }).grants).toEqual([
      "managed",
    ]);
  });

  test.each<[string, Record<string, string>, string]>([
    ["half of a platform client", { ...all, CAL_CLIENT_ID: "platform" }, "CAL_CLIENT_SECRET"],
    ["no client at all", {}, "For OAuth 2: CAL_OAUTH_CLIENT_ID"],
    [
      "another server without its page",
      { CAL_OAUTH_CLIENT_ID, CAL_API_URL: all.CAL_API_URL },
      "oauth.authorizeUrl",
    ],
    ["a scope that is none", { ...all, CAL_OAUTH_SCOPES: "apps_read" }, "oauth.scopes"],
    ["a redirect URI that is no URL", { ...all, CAL_OAUTH_REDIRECT_URI: "/callback" }, "oauth.redirectUri"],
  ])("refuses %s", async (_, env, expected) => {
    expect(await rejection(() => CalClient.fromEnv({ tokenStore, env }))).toMatchObject({
      code: "invalid_input",
      message: expect.stringContaining(expected),
    });
  });
});

describe("options that can't work are refused, with no secret in the error", () => {
  const cases: Record<string, [options: object, expected: string]> = {
    "neither grant": [{}, "Give managedUsers"],
    "both grants without newUsers": [{ managedUsers, oauth }, "newUsers must be"],
    "both grants with a newUsers that is none": [
      { managedUsers, oauth, newUsers: "all" },
      "newUsers must be",
    ],
    "newUsers with one grant": [{ oauth, newUsers: "oauth" }, "newUsers is only for"],
    "no client id": [{ oauth: { clientSecret: "s3cret-of-app" } }, "oauth.clientId"],
    "an empty secret": [{ oauth: { ...oauth, clientSecret: "" } }, "oauth.clientSecret"],
    "a secret with a line end": [
      { oauth: { ...oauth, clientSecret: "s3cret-of-app\n" } },
      "oauth.clientSecret",
    ],
    "an option that there is not": [{ oauth: { ...oauth, redirectURI: "https://a.example" } }, "redirectURI"],
    "a redirect URI with a fragment": [
      { oauth: { ...oauth, redirectUri: "https://a.example/#b" } },
      "fragment",
    ],
    "a redirect URI of another scheme": [
      { oauth: { ...oauth, redirectUri: "app://callback" } },
      "oauth.redirectUri",
    ],
    "scopes as one text": [{ oauth: { ...oauth, scopes: "APPS_READ" } }, "oauth.scopes"],
    "a scope in small letters": [{ oauth: { ...oauth, scopes: ["apps_read"] } }, "oauth.scopes"],
    "another baseUrl without authorizeUrl": [
      { oauth, baseUrl: "https://api.cal.example/v2" },
      "oauth.authorizeUrl is required",
    ],
    "an authorize page over http": [
      { oauth: { ...oauth, authorizeUrl: "http://cal.example/authorize" } },
      "oauth.authorizeUrl",
    ],
    "an authorize page that is no URL": [
      { oauth: { ...oauth, authorizeUrl: "/authorize" } },
      "oauth.authorizeUrl",
    ],
  };

  test.each(Object.entries(cases))("%s", async (_, [options, expected]) => {
    const error = await rejection(() => new CalClient({ tokenStore, ...options } as CalClientOptions));
    expect(error).toMatchObject({ code: "invalid_input", message: expect.stringContaining(expected) });
    expect(String(error)).not.toContain("s3cret");
  });

  test("Cal.com's own address, given with a slash, needs no authorizeUrl", () => {
    expect(() => new CalClient({ tokenStore, oauth, baseUrl: "https://api.cal.com/v2/" })).not.toThrow();
  });

  test("a client without the option oauth says so where it is used", async () => {
    const cal = new CalClient({ tokenStore, managedUsers });
    expect(await rejection(() => cal.oauth)).toMatchObject({
      message: expect.stringContaining("Give the option: oauth"),
    });
  });
});
