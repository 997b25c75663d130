import type { CallOptions } from "../api/request.js";
import type { SecretSource } from "../lib/secret-source.js";

/** Input of {@link OAuthAccounts.authorizationUrl}. */
export interface AuthorizationUrlInput {
  /** Comes back with the code. Must be unguessable and bound to this user's session: it protects against login CSRF. */
  state: string;
  /**
   * What the tokens may do.
   * @defaultValue the client's `oauth.scopes`
   */
  scopes?: readonly string[] | undefined;
  /**
   * Where Cal.com sends the browser. Cal.com compares it character for character with the registered ones.
   * @defaultValue the client's `oauth.redirectUri`
   */
  redirectUri?: string | undefined;
}

/** Input of {@link OAuthAccounts.link}. */
export interface LinkInput {
  /** The code that came back. It works once, for ten minutes. */
  code: string;
  /** What `authorizationUrl()` returned with the URL: needed for a public client, absent for a confidential one. */
  codeVerifier?: string | null | undefined;
  /** The same as for `authorizationUrl()`. */
  redirectUri?: string | undefined;
}

/** Options of {@link OAuthAccounts.link}. */
export interface LinkOptions extends CallOptions {
  /** Links this Cal.com account although the user has linked another one. */
  replace?: boolean | undefined;
  /** Takes the Cal.com account from the application user who has it. Only after that person confirmed it. */
  takeOver?: boolean | undefined;
  /**
   * Called at once when the account was taken from another application user.
   * @internal
   */
  onTakeOver?: ((former: { userId: string; calUserId: number; email: string | null }) => void) | undefined;
}

/** The client's part of OAuth 2, resolved. */
export interface ResolvedOAuth {
  clientId: string;
  clientSecret: SecretSource<string> | undefined;
  redirectUri: string | undefined;
  scopes: readonly string[];
  authorizeUrl: string;
}

/** What an authorization code is exchanged with. */
export interface CodeGrant {
  code: string;
  codeVerifier: string | undefined;
  redirectUri: string;
}
