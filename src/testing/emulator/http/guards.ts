import { exception } from "../model/errors.js";
import { isLegacy } from "../model/oauth2-clients.js";
import { findThirdPartyToken } from "../model/oauth2-tokens.js";
import type { Client, State } from "../model/state.js";
import { isApiKey } from "../model/tokens.js";
import type { Caller } from "./auth.js";
import type { Route } from "./route.js";

/** Checks what the caller may do, in the order of Cal.com's guards. @throws HttpError if it may not. */
export function authorize(
  state: State,
  route: Route,
  caller: Caller,
  pathClientId: string | undefined,
): void {
  requireScope(state, caller.bearer, route.scope);
  if (route.access === "organization") requireOrganization(state, caller, pathClientId ?? "");
  if (route.permission !== undefined) requirePermission(state, caller, route.permission);
}

/** Looks at the bearer token, also if the client's secret authenticated the request. */
function requireScope(state: State, bearer: string, scope: string | undefined): void {
  const token = state.oauth2.mode === "strict" ? findThirdPartyToken(state, bearer) : undefined;
  if (!token || isLegacy(token.scopes)) return;
  if (scope === undefined) {
    throw exception(403, "insufficient_scope: this endpoint is not available for third-party OAuth tokens");
  }
  if (token.scopes.includes(scope)) return;
  throw exception(
    403,
    `insufficient_scope: token does not have the required scopes. Required: ${scope}. Token has: ${token.scopes.join(", ")}`,
  );
}

/** Managed users belong to the organization: every member may manage them, managed users included. */
function requireOrganization(state: State, { organizationId }: Caller, clientId: string): void {
  if (organizationId === null) {
    throw exception(403, "OAuthClientGuard - No organization associated with the user.");
  }
  const client = state.clients.get(clientId);
  if (!client) throw exception(404, "OAuthClientGuard - OAuth client not found.");
  if (client.organizationId === organizationId) return;
  throw exception(
    403,
    `OAuthClientGuard - forbidden. oAuth client with id=${clientId} does not belong to the organization with id=${organizationId}.`,
  );
}

/** With a bearer token, the permissions of its client count, also if another client authenticated the request. */
function requirePermission(state: State, { bearer, client }: Caller, permission: string): void {
  if (isApiKey(bearer) || findThirdPartyToken(state, bearer)) return;
  const permitted = bearer === "" ? client : clientOfToken(state, bearer);
  if (!permitted || permitted.permissions.includes(permission)) return;
  throw exception(
    403,
    `PermissionsGuard - oAuth client with id=${permitted.id} does not have the required permissions=${permission}. Go to platform dashboard settings and add the required permissions to the oAuth client.`,
  );
}

/** Cal.com's message repeats the token. */
function clientOfToken(state: State, bearer: string): Client {
  const token = state.accessTokens.get(bearer);
  const client = token && state.clients.get(token.clientId);
  if (client) return client;
  throw exception(403, `PermissionsGuard - no oAuth client found for access token=${bearer}`);
}
