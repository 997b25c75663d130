import type { State } from "../model/state.js";

/** What a user agrees to at Cal.com's OAuth 2. */
export interface OAuth2Authorization {
  clientId: string;
  /** The user's id at Cal.com. */
  userId: number;
  /** Default: the client's. */
  redirectUri?: string;
  /** PKCE, S256: for a public client. */
  codeChallenge?: string;
  scope?: string[];
}

/** Cal.com's OAuth 2, which is to replace managed users. */
export interface EmulatedOAuth2 {
  /** The user agrees. Answers the code, good for one use within 10 minutes. */
  authorize(authorization: OAuth2Authorization): string;
}

const CODE_LIFE_MS = 10 * 60_000;

export function createOAuth2Tools(state: State): EmulatedOAuth2 {
  return {
    authorize({ clientId, userId, redirectUri, codeChallenge, scope = ["READ_BOOKING", "READ_PROFILE"] }) {
      const client = state.oauth2.clients.get(clientId);
      if (!client) throw new Error(`The emulator has no OAuth 2 client with the id ${clientId}.`);
      const code = `emulator-code-${String(state.nextId("oauth2 code")).padStart(6, "0")}`;
      state.oauth2.codes.set(code, {
        clientId,
        userId,
        redirectUri: redirectUri ?? client.redirectUri,
        codeChallenge,
        scope,
        expiresAt: state.clock.now() + CODE_LIFE_MS,
      });
      return code;
    },
  };
}
