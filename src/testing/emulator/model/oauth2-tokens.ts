import { exception } from "./errors.js";
import { signJwt } from "./jwt.js";
import type { OAuth2Subject, ThirdPartyToken } from "./oauth2-state.js";
import type { State, User } from "./state.js";

/** The tokens that OAuth 2's token endpoint returns. */
export interface ThirdPartyTokens {
  access_token: string;
  token_type: "bearer";
  refresh_token: string;
  expires_in: number;
  /** Strict servers only. */
  scope?: string;
}

type Grant = OAuth2Subject & Pick<ThirdPartyToken, "clientId" | "scopes">;

const ACCESS_TOKEN_LIFETIME_S = 30 * 60;
const REFRESH_TOKEN_LIFETIME_S = 30 * 24 * 60 * 60;

/** The row of an access token that has not expired. Cal.com verifies the signature instead of looking it up. */
export function findThirdPartyToken(state: State, value: string): ThirdPartyToken | undefined {
  const token = state.oauth2.tokens.get(value);
  return token?.kind === "Access Token" && token.expiresAt > state.clock.now() ? token : undefined;
}

/** The user that a token acts as: for a team, the team's owner. */
export function subjectOf(state: State, { userId, teamId }: OAuth2Subject): User | undefined {
  const id = userId ?? (teamId === null ? undefined : state.teams.get(teamId)?.ownerId);
  return id === undefined ? undefined : state.users.get(id);
}

/** @throws HttpError if the user was deleted: the token itself is still valid. */
export function requireSubject(state: State, token: ThirdPartyToken): User {
  const user = subjectOf(state, token);
  if (user) return user;
  throw exception(
    401,
    "ApiAuthStrategy - third-party token - No user or team owner associated with the token.",
  );
}

/**
 * Signs and stores a pair. Two access tokens of one second are identical, and so are a lenient server's refresh
 * tokens: their claims are.
 *
 * @param options.isRevoked - the refresh token doesn't work: a concurrent refresh has deleted its row
 * @param options.withoutSecret - a refresh token as servers issued it before they used refresh tokens once
 */
export async function issueThirdPartyTokens(
  state: State,
  { userId, teamId, clientId, scopes }: Grant,
  options: { isRevoked?: boolean; withoutSecret?: boolean } = {},
): Promise<ThirdPartyTokens> {
  const { oauth2, clock } = state;
  const isStrict = oauth2.mode === "strict";
  const iat = Math.floor(clock.now() / 1000);
  const secret =
    isStrict && !options.withoutSecret
      ? `emulator-refresh-secret-${state.nextId("oauth2 secret").toString(16).padStart(40, "0")}`
      : null;
  const issue = async (kind: ThirdPartyToken["kind"], lifetime: number): Promise<string> => {
    const exp = iat + lifetime;
    const own = kind === "Refresh Token" && secret !== null ? { secret } : {};
    const claims = { userId, teamId, scope: scopes, token_type: kind, clientId, ...own, iat, exp };
    const value = await signJwt(claims);
    const token: ThirdPartyToken = {
      kind,
      userId,
      teamId,
      clientId,
      scopes,
      expiresAt: exp * 1000,
      secret: own.secret ?? null,
    };
    oauth2.tokens.set(value, token);
    return value;
  };
  const tokens: ThirdPartyTokens = {
    access_token: await issue("Access Token", ACCESS_TOKEN_LIFETIME_S),
    token_type: "bearer",
    refresh_token: await issue("Refresh Token", REFRESH_TOKEN_LIFETIME_S),
    expires_in: ACCESS_TOKEN_LIFETIME_S,
    ...(isStrict && { scope: scopes.join(" ") }),
  };
  if (secret !== null && !options.isRevoked) {
    oauth2.refreshSecrets.set(secret, { userId, teamId, clientId });
  }
  return tokens;
}

/** Whether a refresh token has not been used or deleted. A lenient server doesn't store refresh tokens. */
export function isRefreshTokenLive({ oauth2 }: State, { secret }: ThirdPartyToken): boolean {
  return oauth2.mode === "lenient" || secret === null || oauth2.refreshSecrets.has(secret);
}

/** Deletes all refresh tokens of a user (or team) at a client, as each refresh of a strict server does. */
export function deleteRefreshTokens(
  { oauth2 }: State,
  { userId, teamId, clientId }: OAuth2Subject & { clientId: string | undefined },
): void {
  for (const [secret, row] of oauth2.refreshSecrets) {
    const isOfClient = clientId === undefined || row.clientId === clientId;
    if (isOfClient && row.userId === userId && row.teamId === teamId) oauth2.refreshSecrets.delete(secret);
  }
}
