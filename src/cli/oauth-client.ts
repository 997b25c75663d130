import type { OAuthClient } from "../api/endpoints/oauth-tokens.js";
import { Transport } from "../api/transport.js";
import type { OAuthOptions } from "../client-options.js";
import { SecretSource } from "../lib/secret-source.js";
import type { CommandIo } from "./command.js";

/** Sends each request once: what a check says must not hide behind a retry. */
export function oneTryTransport({ fetch, now }: CommandIo, baseUrl: string): Transport {
  return new Transport({
    baseUrl,
    platformClient: undefined,
    fetch,
    timeoutMs: 10_000,
    retry: { limit: 0, maxWaitMs: 0 },
    now,
  });
}

/** The OAuth client, for requests to the token endpoint that the application's client would not make. */
export function oauthClientOf({ clientId, clientSecret }: OAuthOptions): OAuthClient {
  if (clientSecret === undefined) return { clientId };
  return { clientId, clientSecret: new SecretSource("oauth.clientSecret", clientSecret, (value) => value) };
}
