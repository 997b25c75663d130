import { isKnownScope, isLegacy, isLegacyScope } from "./oauth2-clients.js";
import type { OAuth2Client, OAuth2Subject } from "./oauth2-state.js";
import type { State, User } from "./state.js";

/** The parameters of the authorize page that Cal.com reads. */
export interface AuthorizeRequest {
  clientId: string;
  redirectUri: string;
  state: string | null;
  scope: string | null;
  codeChallenge: string | null;
  codeChallengeMethod: string | null;
}

/** Cal.com's reasons for a failure, with the error code and the sentence for each. */
const failures = {
  client_not_found: { error: "unauthorized_client", message: "OAuth client with ID not found" },
  client_not_approved: { error: "unauthorized_client", message: "OAuth client is not approved" },
  client_rejected: { error: "unauthorized_client", message: "OAuth client has been rejected" },
  redirect_uri_mismatch: {
    error: "invalid_request",
    message: "redirect_uri does not match any registered redirect URI of the OAuth client",
  },
  scope_required: {
    error: "invalid_scope",
    message: "scope parameter is required for this OAuth client",
  },
  unknown_scope: { error: "invalid_request", message: "Requested scope is not a recognized scope" },
  scope_exceeds_client_registration: {
    error: "invalid_request",
    message: "Requested scope exceeds the client's registered scopes",
  },
  pkce_required: { error: "invalid_request", message: "code_challenge required for public clients" },
  invalid_code_challenge_method: {
    error: "invalid_request",
    message: "code_challenge_method must be S256",
  },
  server_error: { error: "server_error", message: "Internal server error" },
  access_denied: { error: "access_denied", message: null },
} as const;

/** Why the authorize page refuses. */
export type AuthorizeReason = keyof typeof failures;

/** Failures that stay on Cal.com's page. The others are redirected to the application. */
const pageOnly: readonly AuthorizeReason[] = [
  "client_not_found",
  "client_not_approved",
  "client_rejected",
  "redirect_uri_mismatch",
  "scope_required",
];

/** What follows from a request: a question to the user, a sentence on Cal.com's page, or a redirect. */
export type AuthorizeStep =
  | { kind: "ask"; client: OAuth2Client; scopes: string[] }
  | { kind: "page"; reason: AuthorizeReason; message: string }
  | { kind: "redirect"; url: string; reason: AuthorizeReason | null };

const MAX_CODE_AGE_MS = 10 * 60_000;

/** The parameters of a page's URL. */
export function readAuthorizeRequest({ searchParams: query }: URL): AuthorizeRequest {
  return {
    clientId: query.get("client_id") ?? "",
    redirectUri: query.get("redirect_uri") ?? "",
    state: query.get("state"),
    scope: query.get("scope"),
    codeChallenge: query.get("code_challenge"),
    codeChallengeMethod: query.get("code_challenge_method"),
  };
}

/** What the page does first. `user` is who has signed in: only the owner can use a pending client. */
export function openAuthorizePage(
  state: State,
  request: AuthorizeRequest,
  user: User | undefined,
): AuthorizeStep {
  const client = state.oauth2.clients.get(request.clientId);
  if (!client) return fail(request, "client_not_found");
  if (!client.redirectUris.includes(request.redirectUri)) return fail(request, "redirect_uri_mismatch");
  if (client.status === "rejected") return fail(request, "client_rejected");
  const canBeOwner = user === undefined ? client.ownerId !== null : client.ownerId === user.id;
  if (client.status === "pending" && !canBeOwner) return fail(request, "client_not_approved");
  const scopes = scopesOf(state, request);
  if (state.oauth2.mode === "strict") {
    const reason = scopeFailure(client, scopes);
    if (reason) return fail(request, reason);
  }
  return { kind: "ask", client, scopes };
}

/** What the page does when the user presses Allow. */
export function allow(
  state: State,
  request: AuthorizeRequest,
  user: User,
  teamId: number | null,
): AuthorizeStep {
  const step = openAuthorizePage(state, request, user);
  if (step.kind !== "ask") return step;
  const { client, scopes } = step;
  const { codeChallenge, codeChallengeMethod } = request;
  if (client.secrets.length === 0 && !codeChallenge) return fail(request, "pkce_required");
  if (codeChallenge && codeChallengeMethod !== "S256") return fail(request, "invalid_code_challenge_method");
  if (state.oauth2.hasLegacyScopesOnly && !scopes.every(isLegacyScope)) return fail(request, "server_error");
  const code = issueCode(state, {
    // A team's code has no user.
    ...(teamId === null ? { userId: user.id, teamId } : { userId: null, teamId }),
    clientId: client.id,
    scopes,
    codeChallenge: codeChallenge || null,
    codeChallengeMethod: codeChallengeMethod || null,
  });
  return { kind: "redirect", url: redirectUrl(request, { code }), reason: null };
}

/** What the page does when the user presses "Go back". */
export function deny(state: State, request: AuthorizeRequest, user: User): AuthorizeStep {
  const step = openAuthorizePage(state, request, user);
  return step.kind === "ask" ? fail(request, "access_denied") : step;
}

/** A code that works once, for 10 minutes. */
export function issueCode(
  state: State,
  given: OAuth2Subject & {
    clientId: string;
    scopes: readonly string[];
    codeChallenge: string | null;
    codeChallengeMethod: string | null;
  },
): string {
  // 54 characters, as Cal.com's codes have.
  const code = `emulator-code-${String(state.nextId("oauth2 code")).padStart(40, "0")}`;
  state.oauth2.codes.set(code, { ...given, expiresAt: state.clock.now() + MAX_CODE_AGE_MS });
  return code;
}

/** A lenient server separates scopes by commas only. */
function scopesOf({ oauth2 }: State, { scope }: AuthorizeRequest): string[] {
  return (scope ?? "").split(oauth2.mode === "strict" ? /[, ]+/ : ",").filter((part) => part !== "");
}

function scopeFailure(client: OAuth2Client, requested: string[]): AuthorizeReason | undefined {
  const hasScopes = !isLegacy(client.scopes);
  if (hasScopes && requested.length === 0) return "scope_required";
  if (!requested.every(isKnownScope)) return "unknown_scope";
  if (hasScopes && !requested.every((scope) => client.scopes.includes(scope))) {
    return "scope_exceeds_client_registration";
  }
  return undefined;
}

function fail(request: AuthorizeRequest, reason: AuthorizeReason): AuthorizeStep {
  const { error, message } = failures[reason];
  if (pageOnly.includes(reason)) return { kind: "page", reason, message: message ?? error };
  const parameters = { error, ...(message !== null && { error_description: message }) };
  return { kind: "redirect", url: redirectUrl(request, parameters), reason };
}

/** The state comes last and unchanged. Without one, the redirect has none. */
function redirectUrl({ redirectUri, state }: AuthorizeRequest, parameters: Record<string, string>): string {
  const url = new URL(redirectUri);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.append(name, value);
  if (state) url.searchParams.append("state", state);
  return url.href;
}
