import { exception } from "../model/errors.js";
import { findThirdPartyToken, requireSubject } from "../model/oauth2-tokens.js";
import type { Client, State, User } from "../model/state.js";
import { findAccessToken, isApiKey } from "../model/tokens.js";
import type { Limiter, TrackerKind } from "./rate-limits.js";

/** Who a request acts for. */
export interface Caller {
  method: "OAUTH_CLIENT" | "API_KEY" | "ACCESS_TOKEN" | "THIRD_PARTY";
  user: User;
  /** `undefined` with an API key or an OAuth 2 token. */
  client: Client | undefined;
  /** The organization that the request acts in. */
  organizationId: number | null;
  /** The `Authorization` header without `Bearer `. Consent URLs contain it. */
  bearer: string;
}

/** Cut as Cal.com does: any other scheme is read as part of the token. */
function bearerOf(headers: Headers): string {
  return (headers.get("authorization") ?? "").replace("Bearer ", "");
}

/** Counts a request against its rate limit. Runs before authentication. */
export function throttle(state: State, limiter: Limiter, headers: Headers): ReturnType<Limiter["hit"]> {
  const [kind, id] = trackerOf(state, headers);
  return limiter.hit(kind, id);
}

function trackerOf(state: State, headers: Headers): [kind: TrackerKind, id: string] {
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

/** Authenticates a request. @throws HttpError with Cal.com's 401 or 498. */
export function authenticate(
  state: State,
  headers: Headers,
  pathClientId: string | undefined,
  isBearerOnly: boolean,
): Caller {
  const bearer = bearerOf(headers);
  const secret = headers.get("x-cal-secret-key") ?? "";
  // The id in the path comes first. So refreshing and managing users need no `x-cal-client-id`.
  const clientId = pathClientId ?? headers.get("x-cal-client-id") ?? "";

  // With a client's id and secret, the bearer is ignored: the caller is the organization's owner.
  if (clientId !== "" && secret !== "" && !isBearerOnly) {
    return authenticateClient(state, clientId, secret, bearer);
  }
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
  if (client.secret !== secret) {
    throw exception(401, "ApiAuthStrategy - oAuth client - Invalid client secret");
  }
  const { organizationId } = client;
  return { method: "OAUTH_CLIENT", user: state.owner(organizationId), client, organizationId, bearer };
}

function authenticateBearer(state: State, bearer: string, origin: string | null): Caller {
  if (isApiKey(bearer)) {
    return { method: "API_KEY", user: state.owner(1), client: undefined, organizationId: 1, bearer };
  }

  const thirdParty = findThirdPartyToken(state, bearer);
  if (thirdParty) {
    const user = requireSubject(state, thirdParty);
    const { organizationId } = user;
    return { method: "THIRD_PARTY", user, client: undefined, organizationId, bearer };
  }

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
  return { method: "ACCESS_TOKEN", user, client, organizationId: client.organizationId, bearer };
}
