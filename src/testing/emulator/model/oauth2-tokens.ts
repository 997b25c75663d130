import { signJwt } from "./jwt.js";
import type { ThirdPartyToken } from "./oauth2-state.js";
import type { State, User } from "./state.js";

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
    const value = await signJwt({ userId, teamId: null, scope, token_type: kind, clientId, iat, exp });
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
