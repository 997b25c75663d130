import { exception, echoed, plain } from "./errors.js";
import { signJwt } from "./jwt.js";
import type { Client, State, Token, User } from "./state.js";

export interface TokenPair {
  accessToken: string;
  accessTokenExpiresAt: number;
  refreshToken: string;
  refreshTokenExpiresAt: number;
}

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** Whether Cal.com takes a string for one of its API keys. Everything else is an access token. */
export const isApiKey = (bearer: string): boolean => bearer.startsWith("cal_");

/** A new pair, not stored yet: signing takes a moment, storing must not. */
async function signPair(state: State, client: Client, user: User, refreshed: boolean): Promise<TokenPair> {
  const now = state.clock.now();
  const accessTokenExpiresAt = Math.floor((now + 60 * MINUTE) / MINUTE) * MINUTE;
  const refreshTokenExpiresAt = yearFrom(now);
  const payload = (type: string, expiresAt: number): Record<string, unknown> => ({
    type,
    clientId: client.id,
    ownerId: user.id,
    expiresAt,
    ...(refreshed && { userId: user.id }),
    jti: `00000000-0000-4000-8000-${state.nextId("jti").toString(16).padStart(12, "0")}`,
    iat: Math.floor(now / 1000),
  });
  const [accessToken, refreshToken] = await Promise.all([
    signJwt(payload("access_token", accessTokenExpiresAt)),
    signJwt(payload("refresh_token", refreshTokenExpiresAt)),
  ]);
  return { accessToken, accessTokenExpiresAt, refreshToken, refreshTokenExpiresAt };
}

function yearFrom(now: number): number {
  const date = new Date(now);
  date.setUTCFullYear(date.getUTCFullYear() + 1);
  return Math.floor(date.getTime() / DAY) * DAY;
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

/** A pair beside those that the user has. */
export async function issueTokens(state: State, client: Client, user: User): Promise<TokenPair> {
  return store(state, client, user, await signPair(state, client, user, false));
}

/** The refresh flow. Rotates both tokens; the old access token lives on. */
export async function refreshTokens(state: State, client: Client, refreshToken: string): Promise<TokenPair> {
  const found = state.refreshTokens.get(refreshToken);
  const user = found && state.users.get(found.userId);
  // That the token has expired is nothing Cal.com looks at.
  if (found?.clientId !== client.id || !user) throw exception(400, "Invalid refresh token");
  const pair = await signPair(state, client, user, true);
  await state.pause();
  // Several requests may have found the token. Deleting it is what only one of them can do.
  if (!state.refreshTokens.delete(refreshToken)) {
    throw plain(404, "NOT_FOUND", "Invalid Query: The requested record was not found.");
  }
  deleteExpiredTokens(state, client.id);
  return store(state, client, user, pair);
}

/** Every older token of the user is dead at once. Of several at once, the last one's tokens live. */
export async function forceRefreshTokens(state: State, client: Client, user: User): Promise<TokenPair> {
  const pair = await signPair(state, client, user, false);
  await state.pause();
  revokeTokens(state, user.id);
  return store(state, client, user, pair);
}

/** Takes all of a user's tokens away. What Redis remembers of them stays. */
export function revokeTokens(state: State, userId: number): void {
  for (const table of [state.accessTokens, state.refreshTokens]) {
    for (const token of table.values()) if (token.userId === userId) table.delete(token.value);
  }
}

/** Deletes the access tokens of a client (or of all) that have expired: a side effect of every refresh. */
export function deleteExpiredTokens(state: State, clientId?: string): void {
  const now = state.clock.now();
  for (const token of state.accessTokens.values()) {
    const mine = clientId === undefined || token.clientId === clientId;
    if (mine && token.expiresAt <= now) state.accessTokens.delete(token.value);
  }
}

/** The row behind an access token, or the error Cal.com answers. */
export function findAccessToken(state: State, value: string): Token {
  const now = state.clock.now();
  const cachedUntil = state.tokenCache.get(value);
  const token = state.accessTokens.get(value);
  if (cachedUntil === undefined || cachedUntil <= now) {
    if (!token) throw exception(401, "Invalid Access Token.");
    if (token.expiresAt <= now) throw echoed(498, "TokenExpiredException", "ACCESS_TOKEN_IS_EXPIRED");
    state.tokenCache.set(value, token.expiresAt);
  }
  if (!token || !state.clients.has(token.clientId)) {
    throw exception(401, "ApiAuthStrategy - access token - OAuth client not found given the access token");
  }
  return token;
}
