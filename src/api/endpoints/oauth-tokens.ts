import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { bodyOf } from "../response.js";
import { CalApiError } from "../../errors.js";
import type { SecretSource } from "../../lib/secret-source.js";
import { expiryOf } from "../token-claims.js";
import { namesIn } from "../../lib/names-in.js";

/** An OAuth client of Cal.com. Without a secret it is a public client, which uses PKCE. */
export interface OAuthClient {
  clientId: string;
  clientSecret?: SecretSource<string> | undefined;
}

/** A pair of tokens as the token endpoint issues it. */
export interface OAuthTokens {
  accessToken: string;
  accessTokenExpiresAt: Date | null;
  refreshToken: string;
  refreshTokenExpiresAt: Date | null;
  /** What the tokens may do. `undefined`: the server does not say, as older self-hosted ones. */
  scopes: string[] | undefined;
}

const tokensSchema = z.looseObject({
  access_token: z.string().check(z.minLength(1)),
  refresh_token: z.string().check(z.minLength(1)),
  expires_in: z.optional(z.number()),
  scope: z.optional(z.nullable(z.string())),
});

const path = "/auth/oauth2/token";

/** `POST /auth/oauth2/token` with a code. Never retried once it was sent: a code works once. */
export function exchangeCode(
  send: Send,
  client: OAuthClient,
  grant: { code: string; redirectUri: string; codeVerifier?: string | undefined },
  options: CallOptions & { now: () => number },
): Promise<OAuthTokens> {
  const { code, redirectUri, codeVerifier } = grant;
  return requestTokens(
    send,
    client,
    { grant_type: "authorization_code", code, redirect_uri: redirectUri, code_verifier: codeVerifier },
    [code, codeVerifier ?? ""],
    options,
  );
}

/**
 * `POST /auth/oauth2/token` with a refresh token, which works once on strict servers. One attempt: the caller retries,
 * after making sure that no other process does.
 */
export function refreshOAuthTokens(
  send: Send,
  client: OAuthClient,
  refreshToken: string,
  options: CallOptions & { now: () => number },
): Promise<OAuthTokens> {
  const fields = { grant_type: "refresh_token", refresh_token: refreshToken };
  return requestTokens(send, client, fields, [refreshToken], { ...options, retryLimit: 0 });
}

async function requestTokens(
  send: Send,
  { clientId, clientSecret: source }: OAuthClient,
  fields: Record<string, string | undefined>,
  secrets: string[],
  { now, ...options }: CallOptions & { now: () => number; retryLimit?: number },
): Promise<OAuthTokens> {
  const request = async (clientSecret: string | undefined): Promise<OAuthTokens> => {
    const requestedAt = now();
    return send({
      ...options,
      method: "POST",
      path,
      // Cal.com refuses a field that it doesn't know, and looks at the body only for the client's secret.
      body: { client_id: clientId, client_secret: clientSecret, ...fields },
      secrets: clientSecret === undefined ? secrets : [clientSecret, ...secrets],
      idempotent: false,
      read: (response) => {
        const { access_token, refresh_token, expires_in, scope } = bodyOf(tokensSchema)(response);
        return {
          accessToken: access_token,
          accessTokenExpiresAt:
            expiryOf(access_token) ??
            (expires_in === undefined ? null : new Date(requestedAt + expires_in * 1000)),
          refreshToken: refresh_token,
          refreshTokenExpiresAt: expiryOf(refresh_token),
          scopes: typeof scope === "string" ? namesIn(scope) : undefined,
        };
      },
    });
  };
  const secret = await source?.get();
  try {
    return await request(secret);
  } catch (error) {
    // Cal.com checks the client first: neither the code nor the refresh token is used up.
    const isRefused = error instanceof CalApiError && error.apiCode === "invalid_client";
    if (!isRefused || !source || secret === undefined || !(await source.renew(secret))) throw error;
    return request(await source.get());
  }
}
