import { deleteEnded } from "./ended.js";
import { echoed, exception, plain } from "./errors.js";
import { signJwt } from "./jwt.js";
import type { Client, State, Token, User } from "./state.js";

export interface TokenPair {
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
  refreshTokenExpiresAt: number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 24 * 60 * MINUTE_MS;

/** Whether Cal.com reads a bearer as one of its API keys. It reads all others as access tokens. */
export const isApiKey = (bearer: string): boolean => bearer.startsWith("cal_");

/** Signs a pair without storing it: signing takes time, and storing must not be interrupted. */
async function signPair(state: State, client: Client, user: User, isRefresh: boolean): Promise<TokenPair> {
  const now = state.clock.now();
  const accessTokenExpiresAt = Math.floor((now + 60 * MINUTE_MS) / MINUTE_MS) * MINUTE_MS;
  const refreshTokenExpiresAt = oneYearAfter(now);
  const payload = (type: string, expiresAt: number): Record<string, unknown> => ({
    type,
    clientId: client.id,
    ownerId: user.id,
    expiresAt,
    ...(isRefresh && { userId: user.id }),
    jti: `00000000-0000-4000-8000-${state.nextId("jti").toString(16).padStart(12, "0")}`,
    iat: Math.floor(now / 1000),
  });
  const [accessToken, refreshToken] = await Promise.all([
    signJwt(payload("access_token", accessTokenExpiresAt)),
    signJwt(payload("refresh_token", refreshTokenExpiresAt)),
  ]);
  return { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt };
}

function oneYearAfter(now: number): number {
  const date = new Date(now);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return Math.floor(date.getTime() / DAY_MS) * DAY_MS;
}

function store(state: State, client: Client, user: User, pair: TokenPair): TokenPair {
  const token = (value: string, expiresAt: number): Token => ({
    value,
    userId: user.id,
    clientId: client.id,
    expiresAt,
  });
  state.accessTokens.set(pair.accessToken, token(pair.accessToken, pair.accessTokenExpiresAt));
  state.refreshTokens.set(pair.refreshToken, token(pair.refreshToken, pair.refreshTokenExpiresAt));
  return pair;
}

/** Issues a further pair. The user's other tokens still work. */
export async function issueTokens(state: State, client: Client, user: User): Promise<TokenPair> {
  return store(state, client, user, await signPair(state, client, user, false));
}

/** The refresh flow: rotates both tokens. The old access token works until it expires. */
export async function refreshTokens(state: State, client: Client, refreshToken: string): Promise<TokenPair> {
  const found = state.refreshTokens.get(refreshToken);
  const user = found && state.users.get(found.userId);
  // Cal.com doesn't check whether the token has expired.
  if (found?.clientId !== client.id || !user) throw exception(400, "Invalid refresh token");
  const pair = await signPair(state, client, user, true);
  await state.pause();
  // Several requests may have found the token. Only one of them can delete it.
  if (!state.refreshTokens.delete(refreshToken)) {
    throw plain(404, "NOT_FOUND", "Invalid Query: The requested record was not found.");
  }
  deleteExpiredTokens(state, client.id);
  return store(state, client, user, pair);
}

/** Ends all older tokens of the user. Of several concurrent calls, only the last pair works. */
export async function forceRefreshTokens(state: State, client: Client, user: User): Promise<TokenPair> {
  const pair = await signPair(state, client, user, false);
  await state.pause();
  revokeTokens(state, user.id);
  return store(state, client, user, pair);
}

/** Deletes all tokens of a user. Cached lookups stay. */
export function revokeTokens(state: State, userId: number): void {
  for (const table of [state.accessTokens, state.refreshTokens]) {
    for (const token of table.values()) if (token.userId === userId) table.delete(token.value);
  }
}

/** Deletes the expired access tokens of a client, or of all clients. Every refresh does so for its client. */
export function deleteExpiredTokens(state: State, clientId?: string): void {
  const now = state.clock.now();
  for (const token of state.accessTokens.values()) {
    const isOfClient = clientId === undefined || token.clientId === clientId;
    if (isOfClient && token.expiresAt <= now) state.accessTokens.delete(token.value);
  }
}

/** The row of an access token. Throws Cal.com's error if the token doesn't work. */
export function findAccessToken(state: State, value: string): Token {
  const now = state.clock.now();
  const cachedUntil = state.tokenCache.get(value);
  const token = state.accessTokens.get(value);
  if (cachedUntil === undefined || cachedUntil <= now) {
    if (!token) throw exception(401, "Invalid Access Token.");
    if (token.expiresAt <= now) throw echoed(498, "TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED");
    deleteEnded(state.tokenCache, (until) => until <= now);
    state.tokenCache.set(value, token.expiresAt);
  }
  if (!token || !state.clients.has(token.clientId)) {
    throw exception(401, "ApiAuthStrategy - access token - OAuth client not found given the access token");
  }
  return token;
}
