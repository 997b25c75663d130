import { exception } from "../model/errors.js";
import type { Limiter, TrackerKind } from "./rate-limits.js";
import { findThirdPartyToken } from "../model/oauth2-tokens.js";
import type { Client, State, User } from "../model/state.js";
import { findAccessToken, isApiKey } from "../model/tokens.js";

type AuthMethod = "OAUTH_CLIENT" | "API_KEY" | "ACCESS_TOKEN";

/** Who a request acts for. */
export interface Caller {
  method: AuthMethod | "THIRD_PARTY";
  user: User;
  /** `undefined` with an API key. */
  client: Client | undefined;
  /** What stood behind `Bearer`. Consent URLs carry it on. */
  bearer: string;
}

/** Cut off as Cal.com does it: whatever else stands in the header is taken for a token. */
function bearerOf(headers: Headers): string {
  return (headers.get("authorization") ?? "").replace("Bearer ", "");
}

/** Counts a request in the bucket it belongs to. Comes before anything is known of who is asking. */
export function throttle(state: State, limiter: Limiter, headers: Headers): ReturnType<Limiter["hit"]> {
  const [kind, who] = trackerOf(state, headers);
  return limiter.hit(kind, who);
}

function trackerOf(state: State, headers: Headers): [TrackerKind, string] {
  const bearer = bearerOf(headers);
  if (isApiKey(bearer)) {
    if (bearer !== state.apiKey) throw exception(401, "CustomThrottlerGuard - Invalid API Key");
    return ["apiKey", bearer];
  }
  if (bearer !== "") return ["bearer", bearer];
  const clientId = headers.get("x-cal-client-id");
  if (clientId) return ["client", clientId];
  return ["ip", headers.get("cf-connecting-ip") ?? "127.0.0.1"];
}

/** Who is asking; or the 401 or 498 that Cal.com answers. */
export function authenticate(
  state: State,
  headers: Headers,
  pathClientId: string | undefined,
  isBearerOnly: boolean,
): Caller {
  const bearer = bearerOf(headers);
  const secret = headers.get("x-cal-secret-key") ?? "";
  // The one in the path wins. This is why refreshing and the like need no `x-cal-client-id`.
  const clientId = pathClientId ?? headers.get("x-cal-client-id") ?? "";

  // With both, the bearer is not even looked at: the caller is the organization's owner.
  if (clientId !== "" && secret !== "" && !isBearerOnly)
    return authenticateClient(state, clientId, secret, bearer);
  if (bearer !== "") return authenticateBearer(state, bearer, headers.get("origin"));

  if (clientId !== "" && secret !== "") {
    throw exception(
      401,
      "ApiAuthStrategy - Invalid authentication method. Please provide one of the allowed methods: API_KEY, ACCESS_TOKEN, THIRD_PARTY_ACCESS_TOKEN",
    );
  }
  if (clientId === "" && secret === "") {
    throw exception(
      401,
      "ApiAuthStrategy - No authentication method provided. Either pass an API key as 'Bearer' header or OAuth client credentials as 'x-cal-secret-key' and 'x-cal-client-id' headers",
    );
  }
  const [given, missing] =
    clientId === "" ? ["x-cal-secret-key", "x-cal-client-id"] : ["x-cal-client-id", "x-cal-secret-key"];
  throw exception(
    401,
    `ApiAuthStrategy - Only '${given}' header provided. Please also provide '${missing}' header or Auth bearer token as 'Authentication' header`,
  );
}

function authenticateClient(state: State, clientId: string, secret: string, bearer: string): Caller {
  const client = state.clients.get(clientId);
  if (!client) throw exception(401, `ApiAuthStrategy - oAuth client - Client with ID ${clientId} not found`);
  if (client.secret !== secret)
    throw exception(401, "ApiAuthStrategy - oAuth client - Invalid client secret");
  return { method: "OAUTH_CLIENT", user: state.owner(client.organizationId), client, bearer };
}

function authenticateBearer(state: State, bearer: string, origin: string | null): Caller {
  if (isApiKey(bearer)) return { method: "API_KEY", user: state.owner(1), client: undefined, bearer };

  const thirdParty = findThirdPartyToken(state, bearer);
  if (thirdParty) return { method: "THIRD_PARTY", user: thirdParty, client: undefined, bearer };

  const token = findAccessToken(state, bearer);
  const client = state.clients.get(token.clientId);
  const user = state.users.get(token.userId);
  if (!client || !user) throw exception(401, "Invalid Access Token.");
  if (origin !== null && !client.redirectUris.includes(origin)) {
    throw exception(
      401,
      `ApiAuthStrategy - access token - Invalid request origin - please open https://app.cal.com/settings/platform and add the origin '${origin}' to the 'Redirect uris' of your OAuth client with ID '${client.id}'`,
    );
  }
  return { method: "ACCESS_TOKEN", user, client, bearer };
}

/** The organization's side of the API: managed users and their tokens. */
export function requireOwner(caller: Caller): void {
  if (caller.method === "OAUTH_CLIENT" || caller.method === "API_KEY") return;
  throw exception(
    403,
    `OrganizationRolesGuard - user with id=${caller.user.id} is not an owner of the organization.`,
  );
}

export function requirePermission(caller: Caller, permission: string): void {
  const { client } = caller;
  if (!client || client.permissions.includes(permission)) return;
  throw exception(
    403,
    `PermissionsGuard - oAuth client with id=${client.id} does not have the required permissions=${permission}. Go to platform dashboard settings and add the required permissions to the oAuth client.`,
  );
}
