import * as base64url from "jose/base64url";
import { CalValidationError } from "../errors.js";
import { assertObject, assertText } from "../lib/assert.js";
import { sha256 } from "../lib/digest.js";
import { assertRedirectUri, assertScopes } from "./oauth-input.js";
import type { AuthorizationUrlInput, CodeGrant, LinkInput, ResolvedOAuth } from "./oauth-types.js";

/** The URL of Cal.com's authorize page; for a public client the verifier of its challenge as well. */
export async function authorizationUrl(
  client: ResolvedOAuth,
  input: AuthorizationUrlInput,
): Promise<{ url: string; codeVerifier: string | null }> {
  assertObject("The input", input, "{ state }");
  assertText("state", input.state);
  const { clientId, clientSecret, authorizeUrl } = client;
  const scopes = input.scopes ?? client.scopes;
  assertScopes("scopes", scopes);
  const url = new URL(authorizeUrl);
  url.searchParams.set("client_id", clientId);
  url.searchParams.set("redirect_uri", redirectUriOf(client, input.redirectUri));
  url.searchParams.set("state", input.state);
  // Commas suit every server; older ones take `A B` for one scope.
  if (scopes.length > 0) url.searchParams.set("scope", scopes.join(","));
  if (clientSecret !== undefined) return { url: url.href, codeVerifier: null };
  const codeVerifier = base64url.encode(crypto.getRandomValues(new Uint8Array(32)));
  url.searchParams.set("code_challenge", base64url.encode(await sha256(codeVerifier)));
  url.searchParams.set("code_challenge_method", "S256");
  return { url: url.href, codeVerifier };
}

/** What the code is exchanged with, validated. */
export function codeGrantOf(client: ResolvedOAuth, input: LinkInput): CodeGrant {
  assertObject("The input", input, "{ code }");
  assertText("code", input.code);
  return {
    code: input.code,
    codeVerifier: codeVerifierOf(client, input.codeVerifier),
    redirectUri: redirectUriOf(client, input.redirectUri),
  };
}

function redirectUriOf(client: ResolvedOAuth, given: string | undefined): string {
  const redirectUri = given ?? client.redirectUri;
  if (redirectUri === undefined) {
    throw new CalValidationError(
      "redirectUri is missing: give it with the call, or as the client's option oauth.redirectUri.",
    );
  }
  assertRedirectUri("redirectUri", redirectUri);
  return redirectUri;
}

/** Cal.com refuses a verifier and a secret together, and a public client without a verifier. */
function codeVerifierOf(client: ResolvedOAuth, given: string | null | undefined): string | undefined {
  const codeVerifier = given ?? undefined;
  if (client.clientSecret !== undefined) {
    if (codeVerifier === undefined) return undefined;
    throw new CalValidationError(
      "codeVerifier must be absent: Cal.com accepts no PKCE from a client with a secret.",
    );
  }
  if (codeVerifier !== undefined) {
    assertText("codeVerifier", codeVerifier);
    return codeVerifier;
  }
  throw new CalValidationError(
    "codeVerifier is missing: a client without a secret uses PKCE. Keep what authorizationUrl() returned.",
  );
}
