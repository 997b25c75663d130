import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { dataOf } from "../response.js";
import { toInstant, expiryOf } from "../token-claims.js";

/** A pair of tokens that Cal.com issued. */
export interface CalTokens {
  /** Authenticates the calls for the user. Valid for 59 to 60 minutes. */
  accessToken: string;
  /** When the access token expires. `null` if neither the response nor the token says so. */
  accessTokenExpiresAt: Date | null;
  /** Can be exchanged once for the next pair: Cal.com rotates it at each refresh. */
  refreshToken: string;
  /** When the refresh token expires: a year after it was issued. */
  refreshTokenExpiresAt: Date | null;
}

/** The tokens in a response. The other fields beside them are not validated: no response with tokens may be rejected. */
export const tokensShape = {
  accessToken: z.string().check(z.minLength(1)),
  refreshToken: z.string().check(z.minLength(1)),
};

const tokensSchema = z.looseObject(tokensShape);

/** Tokens with Cal.com's field names. */
export type WireTokens = z.infer<typeof tokensSchema>;

/** Reads the expiry of each token from the response, or else from the token. */
export function toTokens(wire: WireTokens): CalTokens {
  // Milliseconds. Older servers send ISO strings, or nothing.
  return {
    accessToken: wire.accessToken,
    accessTokenExpiresAt: toInstant(wire["accessTokenExpiresAt"]) ?? expiryOf(wire.accessToken),
    refreshToken: wire.refreshToken,
    refreshTokenExpiresAt: toInstant(wire["refreshTokenExpiresAt"]) ?? expiryOf(wire.refreshToken),
  };
}

/**
 * `POST /oauth/{clientId}/refresh`. Rotates both tokens. Not retried once it has reached Cal.com: the refresh token may
 * have been used even if the response was lost.
 */
export function refreshTokens(
  send: Send,
  clientId: string,
  refreshToken: string,
  options: CallOptions = {},
): Promise<CalTokens> {
  return send({
    ...options,
    method: "POST",
    path: "/oauth/{clientId}/refresh",
    params: { clientId },
    body: { refreshToken },
    secrets: [refreshToken],
    read: (response) => toTokens(dataOf(tokensSchema)(response)),
  });
}

/** `POST /oauth-clients/{clientId}/users/{userId}/force-refresh`. Revokes all older tokens of the user at once. */
export function forceRefreshTokens(
  send: Send,
  clientId: string,
  calUserId: number,
  options: CallOptions = {},
): Promise<CalTokens> {
  return send({
    ...options,
    method: "POST",
    path: "/oauth-clients/{clientId}/users/{userId}/force-refresh",
    params: { clientId, userId: calUserId },
    read: (response) => toTokens(dataOf(tokensSchema)(response)),
  });
}
