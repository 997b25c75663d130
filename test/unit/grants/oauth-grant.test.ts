import { describe, expect, test } from "vitest";
import { CalError, CalNetworkError } from "../../../src/errors.js";
import { oauthGrant } from "../../../src/grants/oauth-grant.js";
import { Transport } from "../../../src/api/transport.js";
import { SecretSource } from "../../../src/lib/secret-source.js";
import type { Send } from "../../../src/api/request.js";
import type { RefreshableRecord } from "../../../src/tokens/grant.js";
import { tokensOf } from "../../support/client.js";
import { recordings } from "../../support/recordings.js";

const client = { clientId: "app", clientSecret: new SecretSource("secret", "app-secret", (text) => text) };

function record(change: Partial<RefreshableRecord> = {}): RefreshableRecord {
  const at = new Date(0);
  return {
    ...tokensOf("ada"),
    version: 1,
    createdAt: at,
    updatedAt: at,
    calRefreshToken: "stored-refresh-token",
    ...change,
  };
}

/** A grant whose requests get this response. */
function grantWith(respond: () => Promise<Response>, requests: unknown[] = []) {
  const transport = new Transport({
    baseUrl: "https://api.cal.example/v2",
    platformClient: undefined,
    fetch: (_, init) => {
      requests.push(JSON.parse(init?.body as string));
      return respond();
    },
    timeoutMs: 1000,
    retry: { limit: 2, maxWaitMs: 1000 },
    now: Date.now,
  });
  const send: Send = (call) => transport.send(call, { kind: "none", clientId: "app" });
  return oauthGrant(send, client, Date.now);
}

const json =
  (status: number, body: unknown, headers: Record<string, string> = {}) =>
  () =>
    Promise.resolve(
      new Response(JSON.stringify(body), {
        status,
        headers: { "content-type": "application/json", ...headers },
      }),
    );

/** `issued`, `refused`, `unknown`, or the code of the error that it rejects with. */
async function outcomeOf(respond: () => Promise<Response>, requests: unknown[] = []): Promise<string> {
  try {
    return (await grantWith(respond, requests).refresh(record())).outcome;
  } catch (error) {
    return (error as CalError).code;
  }
}

/** What each recorded description of a refusal means. */
const meanings: Record<string, string> = {
  refresh_token_revoked: "refused",
  invalid_refresh_token: "refused",
  client_id_mismatch: "client_mismatch",
  invalid_client_credentials: "client_rejected",
  client_not_approved: "client_rejected",
  client_rejected: "client_rejected",
  "refresh_token property is wrong,refresh_token must be a string ": "bad_request",
  "scope property is wrong,property scope should not exist ": "bad_request",
};

describe.each(["strict", "lenient"])("a refresh at a %s server", (mode) => {
  const responses = recordings(`oauth2-${mode}-2-refresh`).filter(({ request }) =>
    request.path.endsWith("/auth/oauth2/token"),
  );

  test.each(responses)("recorded: $name", async ({ response: { status, body } }) => {
    const description = (body as { error_description?: string }).error_description;
    const expected = status === 200 ? "issued" : meanings[description ?? ""];
    expect(expected).toBeDefined();
    expect(await outcomeOf(json(status, body))).toBe(expected);
  });
});

describe("a refresh without a 200 or a named refusal", () => {
  test.each<[string, () => Promise<Response>]>([
    [
      "a reset connection",
      () =>
        Promise.reject(
          new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code: "ECONNRESET" }) }),
        ),
    ],
    ["no response in time", () => new Promise(() => undefined)],
    ["502", json(502, {})],
    ["503 in Cal.com's form", json(503, { status: "error", error: { code: "X", message: "y" } })],
    ["504", json(504, {})],
    ["500", json(500, { error: "server_error" })],
    ["a 400 of a proxy", () => Promise.resolve(new Response("<html>Bad Request</html>", { status: 400 }))],
    ["a 401 of a proxy", () => Promise.resolve(new Response("<html>No</html>", { status: 401 }))],
    [
      "invalid_grant with a reason that is not known",
      json(400, { error: "invalid_grant", error_description: "something_new" }),
    ],
    ["a 200 of HTML", () => Promise.resolve(new Response("<html></html>", { status: 200 }))],
    ["an empty 200", () => Promise.resolve(new Response("", { status: 200 }))],
    ["a 200 without a refresh token", json(200, { access_token: "a" })],
    [
      "a redirect",
      () => Promise.resolve(new Response(null, { status: 302, headers: { location: "https://x.example" } })),
    ],
    ["404 for the endpoint", json(404, { error: { code: "NotFoundException", message: "Cannot POST" } })],
  ])("%s: its outcome is unknown, and it is sent once", async (name, respond) => {
    const requests: unknown[] = [];
    const grant = grantWith(respond, requests);
    if (name === "no response in time") {
      const slow: Send = () => Promise.reject(new CalNetworkError("the time is up"));
      expect((await oauthGrant(slow, client, Date.now).refresh(record())).outcome).toBe("unknown");
      return;
    }
    expect((await grant.refresh(record())).outcome).toBe("unknown");
    expect(requests).toHaveLength(1);
  });
});

describe("a refresh that was not carried out", () => {
  const noConnection = (code: string) => () =>
    Promise.reject(new TypeError("fetch failed", { cause: Object.assign(new Error("x"), { code }) }));

  test.each(["ECONNREFUSED", "ENOTFOUND", "EAI_AGAIN", "UND_ERR_CONNECT_TIMEOUT"])(
    "%s rejects, after one attempt: the next one needs the lease",
    async (code) => {
      const requests: unknown[] = [];
      expect(await outcomeOf(noConnection(code), requests)).toBe("network_error");
      expect(requests).toHaveLength(1);
    },
  );

  test("429 rejects with the wait, after one attempt", async () => {
    const grant = grantWith(json(429, {}, { "x-ratelimit-reset-default": "7" }));
    await expect(grant.refresh(record())).rejects.toMatchObject({ code: "rate_limited", retryAfterMs: 7000 });
  });
});

test("the request has the four fields that Cal.com allows, and no other", async () => {
  const requests: unknown[] = [];
  await outcomeOf(json(200, { access_token: "a", refresh_token: "b", expires_in: 1800 }), requests);
  expect(requests).toEqual([
    {
      client_id: "app",
      client_secret: "app-secret",
      grant_type: "refresh_token",
      refresh_token: "stored-refresh-token",
    },
  ]);
});

test("no secret is in an error", async () => {
  const secrets = ["app-secret", "secret-refresh-token"];
  const echo = json(401, { error: "invalid_client", error_description: secrets.join(" ") });
  const grant = grantWith(echo);
  const error = await grant.refresh(record({ calRefreshToken: secrets[1]! })).then(
    () => undefined,
    (reason: unknown) => reason as CalError,
  );
  for (const secret of secrets) expect(JSON.stringify([error, error?.message])).not.toContain(secret);
});

describe("the expiry", () => {
  const jwt = (claims: object) => `e30.${Buffer.from(JSON.stringify(claims)).toString("base64url")}.x`;

  test("is that of the tokens' `exp`, else `expires_in`", async () => {
    const own = {
      access_token: jwt({ exp: 2_000_000_000 }),
      refresh_token: jwt({ exp: 2_100_000_000 }),
      expires_in: 5,
    };
    const result = await grantWith(json(200, own)).refresh(record());
    expect(result).toMatchObject({
      tokens: {
        accessTokenExpiresAt: new Date(2_000_000_000_000),
        refreshTokenExpiresAt: new Date(2_100_000_000_000),
      },
    });
    const opaque = await grantWith(
      json(200, { access_token: "a", refresh_token: "b", expires_in: 1800 }),
    ).refresh(record());
    if (opaque.outcome !== "issued") throw new Error("It was expected to be issued.");
    const leftMs = opaque.tokens.accessTokenExpiresAt!.getTime() - Date.now();
    expect(leftMs).toBeLessThanOrEqual(1_800_000);
    expect(leftMs).toBeGreaterThan(1_700_000);
    expect(opaque.tokens.refreshTokenExpiresAt).toBeNull();
  });

  test("a refresh token of another client is refused before anything is sent", () => {
    const requests: unknown[] = [];
    const grant = grantWith(json(200, {}), requests);
    const other = record({ calRefreshToken: jwt({ clientId: "production" }) });
    expect(() => grant.assertRefreshable?.(other)).toThrow(
      expect.objectContaining({ code: "client_mismatch" }),
    );
    const opaque = record({
      details: JSON.stringify({ grant: "oauth", rotation: 1, clientId: "production" }),
    });
    expect(() => grant.assertRefreshable?.(opaque)).toThrow(/Nothing was sent/);
    expect(() =>
      grant.assertRefreshable?.(record({ calRefreshToken: jwt({ clientId: "app" }) })),
    ).not.toThrow();
    expect(requests).toHaveLength(0);
  });
});
