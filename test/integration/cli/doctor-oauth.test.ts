import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { toDetailsText, type TokenDetails } from "../../../src/tokens/details.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import { runCommand, type CommandResult } from "../../support/command-line.js";
import { createOAuth2Emulator, REDIRECT_URI } from "../../support/oauth2-emulator.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { dropTables } from "../../support/tables.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());
beforeEach(async () => {
  await dropTables(database.pool);
  await createSchema(database.pool);
});

const key = randomBytes(32).toString("base64");
const { emulator } = createOAuth2Emulator("strict", { now: Date.now });

/** Runs the doctor for an application that has an OAuth client and no platform client; checks that it prints no secret. */
async function examine(env: Record<string, string | undefined> = {}): Promise<CommandResult> {
  const all = {
    CAL_OAUTH_CLIENT_ID: "app",
    CAL_OAUTH_CLIENT_SECRET: "app-secret",
    CAL_OAUTH_REDIRECT_URI: REDIRECT_URI,
    CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
    CAL_API_URL: emulator.url,
    CAL_STATE_SECRET: randomBytes(32).toString("base64"),
    APP_URL: "https://app.example",
    ...env,
  };
  const result = await runCommand(["doctor"], { env: all, fetch: emulator.fetch });
  for (const secret of ["app-secret", "wrong-secret", key, all.CAL_STATE_SECRET]) {
    expect(result.out + result.err).not.toContain(secret);
  }
  return result;
}

test("nothing is wrong: the client and its redirect URI are accepted, and no platform client is needed", async () => {
  const { code, out } = await examine();
  expect(out).toContain(
    `ok     Cal.com accepts the OAuth client of CAL_OAUTH_CLIENT_ID, and ${REDIRECT_URI} is registered.`,
  );
  expect(out).toContain("npx calbridge authorize");
  expect(out).not.toMatch(/^wrong/m);
  expect(out).not.toContain("CAL_CLIENT_ID");
  expect(code).toBe(0);
});

test("beside a platform client it asks what new users get", async () => {
  const platform = { CAL_CLIENT_ID: emulator.clientId, CAL_CLIENT_SECRET: emulator.clientSecret };
  expect((await examine(platform)).out).toMatch(/^note {3}CAL_NEW_USERS is not set/m);
  expect((await examine({ ...platform, CAL_NEW_USERS: "oauth" })).out).not.toContain("CAL_NEW_USERS");
  const { code, out } = await examine({ ...platform, CAL_NEW_USERS: "both" });
  expect(out).toMatch(/^wrong {2}CAL_NEW_USERS is neither managed nor oauth\./m);
  expect(code).toBe(1);
});

test("it ends no tokens, and uses no code", async () => {
  const [ada] = emulator.people.list();
  const { refreshToken } = await emulator.oauth2.issueTokens({ clientId: "app", userId: ada!.id });
  await examine();
  expect(emulator.oauth2.tokens(ada!.id).refreshTokens).toContain(refreshToken);
});

describe("the client", () => {
  test.each<[string, Record<string, string | undefined>, string]>([
    [
      "a wrong secret",
      { CAL_OAUTH_CLIENT_SECRET: "wrong-secret" },
      "CAL_OAUTH_CLIENT_SECRET is not the secret",
    ],
    [
      "an unknown id",
      { CAL_OAUTH_CLIENT_ID: "test-client" },
      "A platform client (managed users) is another thing",
    ],
    ["the platform client's id", { CAL_CLIENT_ID: "app", CAL_CLIENT_SECRET: "x" }, "are the same"],
    ["no id", { CAL_OAUTH_CLIENT_ID: "" }, "CAL_AUTHORIZE_URL: set, but CAL_OAUTH_CLIENT_ID is not."],
    [
      "a redirect URI that is not registered",
      { CAL_OAUTH_REDIRECT_URI: `${REDIRECT_URI}/` },
      `wrong  CAL_OAUTH_REDIRECT_URI: ${REDIRECT_URI}/ is not one of the client's redirect URIs.`,
    ],
    ["http to another machine", { CAL_OAUTH_REDIRECT_URI: "http://app.example/cb" }, "can't be registered"],
    ["a fragment", { CAL_OAUTH_REDIRECT_URI: "https://app.example/cb#a" }, "oauth.redirectUri must not have"],
    ["no authorize URL", { CAL_AUTHORIZE_URL: "" }, "oauth.authorizeUrl is required"],
    [
      "the cloud's authorize page with another server",
      { CAL_AUTHORIZE_URL: "https://app.cal.com/auth/oauth2/authorize" },
      "are of two servers",
    ],
    [
      "the cloud's API with its page in Europe",
      { CAL_API_URL: "", CAL_AUTHORIZE_URL: "https://app.cal.eu/auth/oauth2/authorize" },
      "CAL_API_URL is api.cal.com, CAL_AUTHORIZE_URL is app.cal.eu.",
    ],
    [
      "scopes that connect no calendar",
      { CAL_OAUTH_SCOPES: "APPS_READ PROFILE_READ" },
      "wrong  CAL_OAUTH_SCOPES lacks APPS_WRITE.",
    ],
    ["scopes that are none", { CAL_OAUTH_SCOPES: "apps" }, "oauth.scopes must be a list of scopes"],
  ])("%s", async (_, env, expected) => {
    const { code, out } = await examine(env);
    expect(out).toContain(expected);
    expect(code).toBe(1);
  });

  test.each<[string, Record<string, string | undefined>, string]>([
    [
      "no secret: a public client",
      { CAL_OAUTH_CLIENT_ID: "public", CAL_OAUTH_CLIENT_SECRET: "" },
      "with PKCE",
    ],
    [
      "scopes without the profile",
      { CAL_OAUTH_SCOPES: "APPS_READ,APPS_WRITE" },
      "note   CAL_OAUTH_SCOPES lacks PROFILE_READ.",
    ],
    ["scopes, at a server of your own", {}, "knows READ_BOOKING and READ_PROFILE only"],
    [
      "no redirect URI: that of the handlers is looked at",
      { CAL_OAUTH_REDIRECT_URI: "" },
      "note   https://app.example/api/cal/oauth/callback is not one of the client's redirect URIs.",
    ],
  ])("a note: %s", async (_, env, expected) => {
    const { code, out } = await examine(env);
    expect([code, out]).toEqual([0, expect.stringContaining(expected)]);
  });

  test("no scopes: no note about them", async () => {
    const { out } = await examine({ CAL_OAUTH_SCOPES: "" });
    expect(out).not.toContain("READ_BOOKING");
    expect(out).not.toContain("CAL_OAUTH_SCOPES is empty");
  });

  test("the scopes of older servers are enough", async () => {
    expect((await examine({ CAL_OAUTH_SCOPES: "READ_BOOKING,READ_PROFILE" })).out).not.toContain("lacks");
  });

  test.each([
    ["", ""],
    ["https://api.cal.eu/v2", "https://app.cal.eu/auth/oauth2/authorize"],
  ])("Cal.com's cloud (%j): no scopes are noted, and no older server is", async (apiUrl, authorizeUrl) => {
    const env = {
      CAL_OAUTH_CLIENT_ID: "app",
      CAL_OAUTH_CLIENT_SECRET: "app-secret",
      CAL_AUTHORIZE_URL: authorizeUrl,
      CAL_API_URL: apiUrl,
    };
    const invalidCode = { error: "invalid_grant", error_description: "code_invalid_or_expired" };
    const fetch = () => Promise.resolve(Response.json(invalidCode, { status: 400 }));
    const withDefaults = await runCommand(["doctor"], { env, fetch });
    expect(withDefaults.out).not.toMatch(/READ_BOOKING|two servers|CAL_OAUTH_SCOPES/);
    const { out } = await runCommand(["doctor"], { env: { ...env, CAL_OAUTH_SCOPES: "" }, fetch });
    expect(out).toContain("note   CAL_OAUTH_SCOPES is empty, so none are sent to Cal.com's cloud.");
  });

  test.each([
    ["client_not_approved", "The OAuth client is under review at Cal.com."],
    ["client_rejected", "Cal.com has rejected the OAuth client."],
  ])("a server that tells of %s before it looks at the code", async (description, expected) => {
    const response = Response.json(
      { error: "unauthorized_client", error_description: description },
      { status: 401 },
    );
    const { code, out } = await runCommand(["doctor"], {
      env: {
        CAL_OAUTH_CLIENT_ID: "app",
        CAL_OAUTH_CLIENT_SECRET: "app-secret",
        CAL_AUTHORIZE_URL: emulator.oauth2.authorizeUrl,
        CAL_API_URL: emulator.url,
      },
      fetch: () => Promise.resolve(response.clone()),
    });
    expect(out).toContain(`wrong  ${expected}`);
    expect(code).toBe(1);
  });
});

describe("stored links", () => {
  const [ada, grace] = emulator.people.list();

  async function store(
    userId: string,
    calUserId: number,
    details: Partial<TokenDetails> & { clientId: string },
    isEncrypted = false,
  ): Promise<void> {
    const { accessToken, refreshToken } = await emulator.oauth2.issueTokens({
      clientId: details.clientId,
      userId: calUserId,
    });
    const table = postgresTokenStore({ client: database.pool });
    const tokenStore = isEncrypted ? encryptedTokenStore(table, { keys: { k1: key } }) : table;
    const record = {
      userId,
      calUserId,
      calServer: "",
      calAccessToken: accessToken,
      calAccessTokenExpiresAt: null,
      calRefreshToken: refreshToken,
      calRefreshTokenExpiresAt: null,
      details: toDetailsText({ grant: "oauth", rotation: 1, ...details }),
    };
    await tokenStore.set(record, { ifVersion: null });
  }
  const withDatabase = () => ({ DATABASE_URL: database.url });

  test.each([false, true])("of this client: fine (encrypted: %s)", async (isEncrypted) => {
    await store("user-1", ada!.id, { clientId: "app" }, isEncrypted);
    const env = { ...withDatabase(), ...(isEncrypted && { CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}` }) };
    const { code, out } = await examine(env);
    expect(out).toContain("ok     The links of 1 user are of this client.");
    expect(code).toBe(0);
  });

  test.each([false, true])(
    "of another client: another stage's database (encrypted: %s)",
    async (isEncrypted) => {
      await store("user-1", ada!.id, { clientId: "trusted" }, isEncrypted);
      await store("user-2", grace!.id, { clientId: "app" }, isEncrypted);
      const env = { ...withDatabase(), ...(isEncrypted && { CAL_TOKEN_ENCRYPTION_KEYS: `k1:${key}` }) };
      const { code, out } = await examine(env);
      expect(out).toContain(
        'wrong  1 user linked with another OAuth client than CAL_OAUTH_CLIENT_ID: "user-1".',
      );
      expect(out).toContain("one database for each");
      expect(code).toBe(1);
    },
  );

  test("users who have to link again are counted by reason, and some are named", async () => {
    const mark = (reason: "revoked" | "expired") => ({
      clientId: "app",
      reauthorization: { reason, since: 1, tries: 1, triedAt: 1 },
    });
    await store("user-1", ada!.id, mark("revoked"));
    await store("user-2", grace!.id, mark("expired"));
    const { code, out } = await examine(withDatabase());
    expect(out).toMatch(
      /note {3}2 users have to link the Cal\.com account again \(\w+ 1, \w+ 1\): "user-\d", "user-\d"\./,
    );
    expect(code).toBe(0);
  });

  test("many revoked ones: the question whether another stage uses the same client", async () => {
    const reauthorization = { reason: "revoked" as const, since: 1, tries: 1, triedAt: 1 };
    const add = async (from: number, to: number) => {
      for (let n = from; n < to; n += 1) {
        const { id } = emulator.people.create({ email: `many-${n}@cal.example`, name: `Many ${n}` });
        await store(`many-${n}`, id, { clientId: "app", reauthorization });
      }
    };
    await add(0, 4);
    expect((await examine(withDatabase())).out).not.toContain("another stage or program");
    await add(4, 5);
    expect((await examine(withDatabase())).out).toContain(
      "does another stage or program use the same OAuth client?",
    );
  });

  test("links with fewer scopes than are asked for are counted", async () => {
    await store("user-1", ada!.id, { clientId: "app", scopes: ["APPS_READ"] });
    await store("user-2", grace!.id, { clientId: "app", scopes: ["READ_PROFILE"] });
    const { code, out } = await examine(withDatabase());
    expect(out).toContain(
      'note   1 user linked with fewer scopes than are asked for now (APPS_WRITE, PROFILE_READ): "user-1".',
    );
    expect(code).toBe(0);
    const fewer = await examine({ ...withDatabase(), CAL_OAUTH_SCOPES: "APPS_READ" });
    expect(fewer.out).not.toContain("fewer scopes");
  });

  test("without CAL_OAUTH_CLIENT_ID: their tokens can't be refreshed", async () => {
    await store("user-1", ada!.id, { clientId: "app" });
    const { out } = await examine({ ...withDatabase(), CAL_OAUTH_CLIENT_ID: "" });
    expect(out).toContain(
      "wrong  1 user linked Cal.com accounts of their own, and CAL_OAUTH_CLIENT_ID is not set.",
    );
  });
});
