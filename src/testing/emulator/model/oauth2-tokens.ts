import type { State, User } from "./state.js";
import { sign } from "./tokens.js";

/** A client of Cal.com's OAuth 2, which is to replace managed users. */
export interface EmulatorOAuth2Client {
  id: string;
  /** Of a confidential client. A public one has none, and proves itself with PKCE. */
  secret?: string;
  redirectUri: string;
  name?: string;
  /** Cal.com looks at new clients first. Default `"approved"`. */
  status?: "approved" | "pending" | "rejected";
}

export interface ThirdPartyToken {
  kind: "Access Token" | "Refresh Token";
  userId: number;
  clientId: string;
  scope: string[];
  expiresAt: number;
}

export interface AuthorizationCode {
  userId: number;
  clientId: string;
  redirectUri: string;
  /** PKCE, S256. */
  codeChallenge: string | undefined;
  scope: string[];
  expiresAt: number;
}

/** The tables of Cal.com's OAuth 2. */
export interface OAuth2State {
  clients: Map<string, EmulatorOAuth2Client>;
  codes: Map<string, AuthorizationCode>;
  tokens: Map<string, ThirdPartyToken>;
}

const ACCESS_TOKEN_LIFE_S = 1800;
const REFRESH_TOKEN_LIFE_S = 30 * 24 * 60 * 60;

/** The user of an OAuth 2 access token; one that has expired is as unknown as any other. */
export function findThirdPartyToken(state: State, value: string): User | undefined {
  const token = state.oauth2.tokens.get(value);
  if (token?.kind !== "Access Token" || token.expiresAt <= state.clock.now()) return undefined;
  return state.users.get(token.userId);
}

/** Signs and stores a pair. Two within one second are the same: there is nothing in them to tell them apart. */
export async function issueThirdPartyTokens(
  state: State,
  { userId, clientId, scope }: Pick<ThirdPartyToken, "userId" | "clientId" | "scope">,
): Promise<Record<string, unknown>> {
  const iat = Math.floor(state.clock.now() / 1000);
  const issue = async (kind: ThirdPartyToken["kind"], life: number): Promise<string> => {
    const exp = iat + life;
    const value = await sign({ userId, teamId: null, scope, token_type: kind, clientId, iat, exp });
    state.oauth2.tokens.set(value, { kind, userId, clientId, scope, expiresAt: exp * 1000 });
    return value;
  };
  return {
    access_token: await issue("Access Token", ACCESS_TOKEN_LIFE_S),
    token_type: "bearer",
    refresh_token: await issue("Refresh Token", REFRESH_TOKEN_LIFE_S),
    expires_in: ACCESS_TOKEN_LIFE_S,
  };
}
