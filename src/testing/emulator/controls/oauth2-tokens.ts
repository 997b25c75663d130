import { issueCode } from "../model/oauth2-authorize.js";
import type { OAuth2Subject, ThirdPartyToken } from "../model/oauth2-state.js";
import { deleteRefreshTokens, isRefreshTokenLive, issueThirdPartyTokens } from "../model/oauth2-tokens.js";
import type { State } from "../model/state.js";
import { adviceOnIds, assertFields, assertUserId } from "../model/assert.js";
import { requireOAuth2Client } from "./oauth2-clients.js";

/** A grant without the authorize page. */
export interface OAuth2Grant {
  clientId: string;
  /** Cal.com's id of the user. Not for a team. */
  userId?: number | undefined;
  /** The id of a team, in place of a user. */
  teamId?: number | undefined;
  /** @defaultValue the scopes of the client */
  scopes?: readonly string[] | undefined;
}

/** Selects tokens of a user. */
export interface OAuth2TokenMatch {
  /** @defaultValue all clients */
  clientId?: string | undefined;
}

/** Tokens of a grant. */
export interface EmulatedOAuth2Tokens {
  accessToken: string;
  refreshToken: string;
  /** Seconds. */
  expiresIn: number;
}

/** Issues, expires and revokes OAuth 2 tokens, without the API. */
export interface OAuth2TokenControls {
  /** Issues a code without the authorize page. It works once, for 10 minutes. */
  issueCode(
    grant: OAuth2Grant & { codeChallenge?: string | undefined; codeChallengeMethod?: string | undefined },
  ): string;
  /**
   * Issues tokens without a code.
   *
   * @param grant.withoutSecret - a refresh token as servers issued it before they used refresh tokens once
   */
  issueTokens(grant: OAuth2Grant & { withoutSecret?: boolean | undefined }): Promise<EmulatedOAuth2Tokens>;
  /** The user's tokens that work, oldest first. */
  tokens(calUserId: number, match?: OAuth2TokenMatch): { accessTokens: string[]; refreshTokens: string[] };
  /** Expires the user's access tokens: 401. */
  expireAccessTokens(calUserId: number, match?: OAuth2TokenMatch): void;
  /** Expires the user's refresh tokens: `invalid_refresh_token`. */
  expireRefreshTokens(calUserId: number, match?: OAuth2TokenMatch): void;
  /** Deletes the user's refresh tokens: `refresh_token_revoked`. Strict servers only. */
  revokeRefreshTokens(calUserId: number, match?: OAuth2TokenMatch): void;
  /**
   * The next refresh returns 200 with a refresh token that doesn't work, as in a race: a concurrent refresh has
   * deleted it. Strict servers only.
   */
  revokeNextRefreshToken(): void;
}

type Kind = ThirdPartyToken["kind"];

export function createOAuth2TokenControls(state: State): OAuth2TokenControls {
  const { oauth2 } = state;

  function find(control: string, kind: Kind, userId: number, match: OAuth2TokenMatch) {
    assertUserId(userId);
    assertFields(control, match, ["clientId"]);
    return [...oauth2.tokens].filter(
      ([, token]) =>
        token.kind === kind &&
        token.userId === userId &&
        (match.clientId === undefined || token.clientId === match.clientId),
    );
  }

  /** @throws Error if no token matches: the test would prove nothing. */
  function require(control: string, kind: Kind, userId: number, match: OAuth2TokenMatch) {
    const found = find(control, kind, userId, match);
    if (found.length === 0) throw new Error(`User ${userId} has no such token in the emulator.`);
    return found;
  }

  function expire(control: string, kind: Kind, userId: number, match: OAuth2TokenMatch): void {
    for (const [, token] of require(control, kind, userId, match)) {
      token.expiresAt = Math.min(token.expiresAt, state.clock.now());
    }
  }

  function requireStrict(control: string): void {
    if (oauth2.mode === "strict") return;
    throw new Error(`${control} needs a strict server: a lenient one doesn't store refresh tokens.`);
  }

  return {
    issueCode(grant) {
      const fields = ["clientId", "userId", "teamId", "scopes", "codeChallenge", "codeChallengeMethod"];
      assertFields("oauth2.issueCode", grant, fields);
      const { codeChallenge = null, codeChallengeMethod = "S256" } = grant;
      return issueCode(state, { ...grantOf(state, grant), codeChallenge, codeChallengeMethod });
    },
    async issueTokens(grant) {
      const fields = ["clientId", "userId", "teamId", "scopes", "withoutSecret"];
      assertFields("oauth2.issueTokens", grant, fields);
      const { withoutSecret = false } = grant;
      const tokens = await issueThirdPartyTokens(state, grantOf(state, grant), { withoutSecret });
      return {
        accessToken: tokens.access_token,
        refreshToken: tokens.refresh_token,
        expiresIn: tokens.expires_in,
      };
    },
    tokens(userId, match = {}) {
      const now = state.clock.now();
      const working = (kind: Kind): string[] =>
        find("oauth2.tokens", kind, userId, match)
          .filter(([, token]) => token.expiresAt > now && isRefreshTokenLive(state, token))
          .map(([value]) => value);
      return { accessTokens: working("Access Token"), refreshTokens: working("Refresh Token") };
    },
    expireAccessTokens: (userId, match = {}) =>
      expire("oauth2.expireAccessTokens", "Access Token", userId, match),
    expireRefreshTokens: (userId, match = {}) =>
      expire("oauth2.expireRefreshTokens", "Refresh Token", userId, match),
    revokeRefreshTokens(userId, match = {}) {
      requireStrict("oauth2.revokeRefreshTokens");
      require("oauth2.revokeRefreshTokens", "Refresh Token", userId, match);
      deleteRefreshTokens(state, { userId, teamId: null, clientId: match.clientId });
    },
    revokeNextRefreshToken() {
      requireStrict("oauth2.revokeNextRefreshToken");
      oauth2.revokedRefreshes++;
    },
  };
}

function grantOf(state: State, { clientId, userId, teamId, scopes }: OAuth2Grant) {
  const client = requireOAuth2Client(state, clientId);
  return { ...subjectOf(state, userId, teamId), clientId, scopes: [...(scopes ?? client.scopes)] };
}

function subjectOf(state: State, userId: number | undefined, teamId: number | undefined): OAuth2Subject {
  if (userId !== undefined && teamId === undefined) {
    assertUserId(userId);
    if (state.users.has(userId)) return { userId, teamId: null };
    throw new Error(`The emulator has no user with the id ${userId}. ${adviceOnIds}`);
  }
  if (teamId !== undefined && userId === undefined) {
    if (state.teams.has(teamId)) return { userId: null, teamId };
    throw new Error(`The emulator has no team with the id ${teamId}: people.createTeam() returns it.`);
  }
  throw new TypeError("A grant is for a userId or for a teamId.");
}
