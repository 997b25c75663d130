import { success, type Call, type Reply, type Route } from "../http/route.js";
import { HttpError } from "../model/errors.js";
import type { AuthorizationCode, OAuth2Client, OAuth2Subject } from "../model/oauth2-state.js";
import {
  deleteRefreshTokens,
  isRefreshTokenLive,
  issueThirdPartyTokens,
  type ThirdPartyTokens,
} from "../model/oauth2-tokens.js";
import type { State } from "../model/state.js";

export const oauth2Routes: Route[] = [
  { method: "POST", path: "/v2/auth/oauth2/token", access: "public", handle: token },
  { method: "GET", path: "/v2/auth/oauth2/clients/:clientId", access: "user", handle: getClient },
];

const NO_STORE = { "Cache-Control": "no-store", Pragma: "no-cache" };

/** The error response of RFC 6749, section 5.2. */
function refuse(status: 400 | 401, error: string, description: string): HttpError {
  return new HttpError(status, error, { body: { error, error_description: description }, headers: NO_STORE });
}

async function token(call: Call): Promise<Reply> {
  const given = { ...(call.body as Record<string, unknown>) };
  if (typeof given["client_id"] !== "string") throw refuse(400, "invalid_request", "client_id is required");
  call.actsForClient(given["client_id"]);
  switch (given["grant_type"]) {
    case "authorization_code":
      return { status: 200, body: await exchange(call, given), headers: NO_STORE };
    case "refresh_token":
      return { status: 200, body: await refresh(call, given), headers: NO_STORE };
    default:
      throw refuse(400, "invalid_request", "grant_type must be 'authorization_code' or 'refresh_token'");
  }
}

/** Requires exactly these fields, all of them strings. */
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

const hasSecret = (given: Record<string, unknown>): boolean => given["client_secret"] !== undefined;

function findClient(state: State, id: string | undefined): OAuth2Client {
  const client = state.oauth2.clients.get(id ?? "");
  if (!client) throw refuse(401, "invalid_client", "client_not_found");
  return client;
}

/** A public client has no secret, and one that it sends is ignored. */
function requireSecret({ secrets }: OAuth2Client, secret: string | undefined): void {
  if (secrets.length === 0 || (secret !== undefined && secrets.includes(secret))) return;
  throw refuse(401, "invalid_client", "invalid_client_credentials");
}

/** While a client is pending, only its owner can use it. */
function requireApproved({ status, ownerId }: OAuth2Client, { userId }: OAuth2Subject): void {
  if (status === "rejected") throw refuse(401, "unauthorized_client", "client_rejected");
  if (status === "pending" && (ownerId === null || ownerId !== userId)) {
    throw refuse(401, "unauthorized_client", "client_not_approved");
  }
}

async function exchange(call: Call, input: Record<string, unknown>): Promise<ThirdPartyTokens> {
  const { state } = call;
  // Whether there is a secret decides which fields are allowed, not the client's kind.
  const proof = hasSecret(input) ? "client_secret" : "code_verifier";
  const given = requireFields(input, ["client_id", "grant_type", "code", "redirect_uri", proof]);
  const client = findClient(state, given["client_id"]);
  const redirectUri = given["redirect_uri"] ?? "";
  // It must be registered. It need not be the one of the authorization.
  if (redirectUri !== "" && !client.redirectUris.includes(redirectUri)) {
    throw refuse(400, "invalid_grant", "redirect_uri_mismatch");
  }
  requireSecret(client, given["client_secret"]);
  const value = given["code"] ?? "";
  const code = state.oauth2.codes.get(value);
  if (code?.clientId !== client.id || code.expiresAt <= state.clock.now()) {
    throw refuse(400, "invalid_grant", "code_invalid_or_expired");
  }
  // The code is used up from here on, whatever follows.
  state.oauth2.codes.delete(value);
  logSubject(call, code);
  requireApproved(client, code);
  await verifyPkce(client, code, given["code_verifier"]);
  return issueThirdPartyTokens(state, code);
}

async function verifyPkce(
  client: OAuth2Client,
  code: AuthorizationCode,
  verifier: string | undefined,
): Promise<void> {
  const { codeChallenge, codeChallengeMethod } = code;
  if (client.secrets.length > 0 && codeChallenge === null) return;
  if (codeChallenge === null || !verifier || codeChallengeMethod !== "S256") {
    throw refuse(400, "invalid_request", "pkce_missing_parameters_or_invalid_method");
  }
  if ((await sha256(verifier)) !== codeChallenge) {
    throw refuse(400, "invalid_grant", "pkce_verification_failed");
  }
}

/** SHA-256 in base64url (RFC 7636, section 4.2). */
async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  const base64 = btoa(String.fromCharCode(...new Uint8Array(digest)));
  return base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

async function refresh(call: Call, input: Record<string, unknown>): Promise<ThirdPartyTokens> {
  const { state } = call;
  const names = ["client_id", "grant_type", "refresh_token"];
  const given = requireFields(input, hasSecret(input) ? [...names, "client_secret"] : names);
  const client = findClient(state, given["client_id"]);
  requireSecret(client, given["client_secret"]);
  const found = state.oauth2.tokens.get(given["refresh_token"] ?? "");
  if (found?.kind !== "Refresh Token" || found.expiresAt <= state.clock.now()) {
    throw refuse(400, "invalid_grant", "invalid_refresh_token");
  }
  if (found.clientId !== client.id) throw refuse(400, "invalid_grant", "client_id_mismatch");
  logSubject(call, found);
  requireApproved(client, found);
  if (!isRefreshTokenLive(state, found)) throw refuse(400, "invalid_grant", "refresh_token_revoked");
  // A strict server looks the token up, deletes and creates rows in separate steps: concurrent refreshes with one
  // token can all succeed. That the user still exists is not checked.
  await state.pause();
  deleteRefreshTokens(state, found);
  await state.pause();
  const isRevoked = state.oauth2.revokedRefreshes > 0;
  if (isRevoked) state.oauth2.revokedRefreshes--;
  return issueThirdPartyTokens(state, found, { isRevoked });
}

function logSubject(call: Call, { userId }: OAuth2Subject): void {
  if (userId !== null) call.actsFor(userId);
}

function getClient({ state, param }: Call): Reply {
  const client = state.oauth2.clients.get(param("clientId"));
  if (!client) {
    throw new HttpError(404, "unauthorized_client", {
      code: "HttpException",
      details: "unauthorized_client",
    });
  }
  const { id, name, redirectUris, secrets, isTrusted } = client;
  return success({
    client_id: id,
    redirect_uri: redirectUris[0],
    ...(state.oauth2.mode === "strict" && { redirect_uris: redirectUris }),
    name,
    logo: null,
    is_trusted: isTrusted,
    client_type: secrets.length === 0 ? "PUBLIC" : "CONFIDENTIAL",
  });
}
