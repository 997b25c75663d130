import type { OAuthClient } from "../api/endpoints/oauth-tokens.js";
import type { OAuthOptions } from "../client-options.js";
import { SecretSource } from "../lib/secret-source.js";

/** The OAuth client of a command's options. */
export function oauthClientOf({ clientId, clientSecret }: OAuthOptions): OAuthClient {
  return {
    clientId,
    clientSecret:
      clientSecret === undefined
        ? undefined
        : new SecretSource("oauth.clientSecret", clientSecret, (secret: string) => secret),
  };
}
