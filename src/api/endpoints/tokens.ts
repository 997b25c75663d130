import * as z from "zod/mini";
import type { CallOptions, Send } from "../request.js";
import { dataOf } from "../response.js";
import { toInstant, expiryOf } from "../token-claims.js";

/** A pair of tokens as Cal.com issues it. */
export interface CalTokens {
  /** Goes with every call for the user. Lives 59 to 60 minutes. */
  accessToken: string;
  /** When the access token ends. `null` if neither the answer nor the token itself says so. */
  accessTokenExpiresAt: Date | null;
  /** Buys the next pair, once: Cal.com rotates it with every use. */
  refreshToken: string;
  /** When the refresh token ends: a year after it was issued. */
  refreshTokenExpiresAt: Date | null;
}

/** The tokens, in answers and in the answer to a create. Whatever stands beside them, they must not be lost. */
export const tokensShape = {
  accessToken: z.string().check(z.minLength(1)),
  refreshToken: z.string().check(z.minLength(1)),
};

const tokensSchema = z.looseObject(tokensShape);

/** Tokens as Cal.com spells them. */
export type WireTokens = z.infer<typeof tokensSchema>;

/** Tokens as we speak of them: expiries as dates, from the answer or else from the token itself. */
export function toTokens(wire: WireTokens): CalTokens {
  // Milliseconds; older servers sent ISO strings, or nothing.
  return {
    accessToken: wire.accessToken,
    accessTokenExpiresAt: toInstant(wire["accessTokenExpiresAt"]) ?? expiryOf(wire.accessToken),
    refreshToken: wire.refreshToken,
    refreshTokenExpiresAt: toInstant(wire["refreshTokenExpiresAt"]) ?? expiryOf(wire.refreshToken),
  };
}

/** `POST /oauth/{clientId}/refresh`. Rotates both tokens; not repeated once it has reached Cal.com, as a lost answer has rotated them all the same. */
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
    read: (answer) => toTokens(dataOf(tokensSchema)(answer)),
  });
}

/** `POST /oauth-clients/{clientId}/users/{userId}/force-refresh`. Every older token of the user is dead at once. */
export function forceRefreshTokens(
  send: Send,
  clientId: string,
  userId: number,
  options: CallOptions = {},
): Promise<CalTokens> {
  return send({
    ...options,
    method: "POST",
    path: "/oauth-clients/{clientId}/users/{userId}/force-refresh",
    params: { clientId, userId },
    read: (answer) => toTokens(dataOf(tokensSchema)(answer)),
  });
}
