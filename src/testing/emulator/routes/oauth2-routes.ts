import { HttpError } from "../model/errors.js";
import type { AuthorizationCode, EmulatorOAuth2Client } from "../model/oauth2-state.js";
import { issueThirdPartyTokens } from "../model/oauth2-tokens.js";
import { success, type Call, type Reply, type Route } from "../http/route.js";
import type { State } from "../model/state.js";

export const oauth2Routes: Route[] = [
  { method: "POST", path: "/v2/auth/oauth2/token", access: "anyone", handle: token },
  { method: "GET", path: "/v2/auth/oauth2/clients/:clientId", access: "user", handle: getClient },
];

const NO_STORE = { "Cache-Control": "no-store", Pragma: "no-cache" };

/** The third shape of an error: RFC 6749, section 5.2. */
function refuse(status: 400 | 401, error: string, description: string): HttpError {
  return new HttpError(status, error, { body: { error, error_description: description }, headers: NO_STORE });
}

async function token({ state, body }: Call): Promise<Reply> {
  const given = { ...(body as Record<string, unknown>) };
  if (typeof given["client_id"] !== "string") throw refuse(400, "invalid_request", "client_id is required");
  const tokens =
    given["grant_type"] === "authorization_code"
      ? await exchange(state, given)
      : given["grant_type"] === "refresh_token"
        ? await refresh(state, given)
        : undefined;
  if (!tokens) {
    throw refuse(400, "invalid_request", "grant_type must be 'authorization_code' or 'refresh_token'");
  }
  return { status: 200, body: tokens, headers: NO_STORE };
}

/** Exactly these, and all of them texts. */
function requireFields(given: Record<string, unknown>, names: string[]): Record<string, string> {
  const missing = names.find((name) => typeof given[name] !== "string");
  if (missing !== undefined) {
    throw refuse(400, "invalid_request", `${missing} property is wrong,${missing} must be a string `);
  }
  const extra = Object.keys(given).find((name) => !names.includes(name));
  if (extra !== undefined) {
    throw refuse(400, "invalid_request", `${extra} property is wrong,property ${extra} should not exist `);
  }
  return given as Record<string, string>;
}

/** Who gives a secret is taken for a confidential client, who doesn't for a public one. */
const proofOf = (given: Record<string, unknown>): string[] =>
  given["client_secret"] === undefined ? [] : ["client_secret"];

function findClient(
  state: State,
  { client_id, client_secret }: Record<string, string>,
): EmulatorOAuth2Client {
  const client = state.oauth2.clients.get(client_id ?? "");
  if (!client) throw refuse(401, "invalid_client", "client_not_found");
  if (client.status === "pending") throw refuse(401, "unauthorized_client", "client_not_approved");
  if (client.status === "rejected") throw refuse(401, "unauthorized_client", "client_rejected");
  if (client.secret !== client_secret) throw refuse(401, "invalid_client", "invalid_client_credentials");
  return client;
}

async function exchange(state: State, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const proof = proofOf(input);
  const names = ["client_id", "grant_type", "code", "redirect_uri"];
  const given = requireFields(input, [...names, ...(proof.length > 0 ? proof : ["code_verifier"])]);
  const client = findClient(state, given);
  const value = given["code"] ?? "";
  const code = state.oauth2.codes.get(value);
  if (!code || code.clientId !== client.id || code.expiresAt <= state.clock.now()) {
    throw refuse(400, "invalid_grant", "code_invalid_or_expired");
  }
  if (code.redirectUri !== given["redirect_uri"]) throw refuse(400, "invalid_grant", "redirect_uri_mismatch");
  if (!(await provesItself(code, given["code_verifier"]))) {
    throw refuse(400, "invalid_grant", "pkce_verification_failed");
  }
  // Good for one use.
  if (!state.oauth2.codes.delete(value)) throw refuse(400, "invalid_grant", "code_invalid_or_expired");
  return issueThirdPartyTokens(state, code);
}

async function provesItself(
  { codeChallenge }: AuthorizationCode,
  verifier: string | undefined,
): Promise<boolean> {
  if (verifier === undefined) return true;
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(verifier));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "") === codeChallenge;
}

/** Unlike a managed user's, this refresh token can be used again. */
async function refresh(state: State, input: Record<string, unknown>): Promise<Record<string, unknown>> {
  const given = requireFields(input, ["client_id", "grant_type", "refresh_token", ...proofOf(input)]);
  const client = findClient(state, given);
  const found = state.oauth2.tokens.get(given["refresh_token"] ?? "");
  if (found?.kind !== "Refresh Token" || found.expiresAt <= state.clock.now()) {
    throw refuse(400, "invalid_grant", "invalid_refresh_token");
  }
  if (found.clientId !== client.id) throw refuse(400, "invalid_grant", "client_id_mismatch");
  return issueThirdPartyTokens(state, found);
}

function getClient({ state, param }: Call): Reply {
  const client = state.oauth2.clients.get(param("clientId"));
  if (!client) {
    throw new HttpError(404, "unauthorized_client", {
      code: "HttpException",
      details: "unauthorized_client",
    });
  }
  const { id, name = id, redirectUri, secret } = client;
  return success({
    client_id: id,
    redirect_uri: redirectUri,
    name,
    logo: null,
    is_trusted: false,
    client_type: secret === undefined ? "PUBLIC" : "CONFIDENTIAL",
  });
}
