import type { OAuthClient } from "../api/endpoints/oauth-tokens.js";
import type { OAuthOptions } from "../client-options.js";
import { SecretSource } from "../lib/secret-source.js";

/** The OAuth client, for requests to the token endpoint that the application's client would not make. */
export function oauthClientOf({ clientId, clientSecret }: OAuthOptions): OAuthClient {
  if (clientSecret === undefined) return { clientId };
  return { clientId, clientSecret: new SecretSource("oauth.clientSecret", clientSecret, (value) => value) };
}
