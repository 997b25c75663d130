/**
 * Which of Cal.com's servers the OAuth 2 endpoints play. `strict`: refresh tokens work once, scopes are enforced,
 * and a client has up to ten redirect URIs and two secrets. `lenient`: a self-hosted server before these rules.
 */
export type OAuth2Mode = "strict" | "lenient";

/** Cal.com reviews new clients. Until then only the client's owner can use it. */
export type OAuth2ClientStatus = "approved" | "pending" | "rejected";

/** A client of Cal.com's OAuth 2. */
export interface EmulatorOAuth2Client {
  id: string;
  /**
   * The secret of a confidential client, or both of its secrets (strict servers only). A client without a secret is
   * public and uses PKCE.
   */
  secret?: string | readonly string[] | undefined;
  /** One to ten URIs. A lenient server takes one. */
  redirectUris: readonly string[];
  /** @defaultValue the id */
  name?: string | undefined;
  /**
   * Scopes that the client is registered for. Without any, or with `READ_BOOKING` and `READ_PROFILE` only, it is a
   * legacy client: its tokens may do everything.
   *
   * @defaultValue none
   */
  scopes?: readonly string[] | undefined;
  /** @defaultValue `"approved"` */
  status?: OAuth2ClientStatus | undefined;
  /**
   * Whether the authorize page redirects without asking.
   *
   * @defaultValue false
   */
  isTrusted?: boolean | undefined;
  /** The id of the user who created the client, who can use it while it is pending. */
  ownerId?: number | undefined;
}

export interface OAuth2Client {
  readonly id: string;
  readonly name: string;
  readonly redirectUris: readonly string[];
  readonly scopes: readonly string[];
  readonly isTrusted: boolean;
  readonly ownerId: number | null;
  /** Empty for a public client. */
  secrets: string[];
  status: OAuth2ClientStatus;
}

/** Who has authorized a client: a user for themselves, or for a team. */
export interface OAuth2Subject {
  userId: number | null;
  teamId: number | null;
}

export interface ThirdPartyToken extends OAuth2Subject {
  kind: "Access Token" | "Refresh Token";
  clientId: string;
  scopes: readonly string[];
  expiresAt: number;
  /** Of a strict server's refresh token: its row in `refreshSecrets`. */
  secret: string | null;
}

export interface AuthorizationCode extends OAuth2Subject {
  clientId: string;
  codeChallenge: string | null;
  codeChallengeMethod: string | null;
  scopes: readonly string[];
  expiresAt: number;
}

/** The tables of Cal.com's OAuth 2. */
export interface OAuth2State {
  readonly mode: OAuth2Mode;
  /** Whether the database of a lenient server knows `READ_BOOKING` and `READ_PROFILE` only. */
  readonly hasLegacyScopesOnly: boolean;
  readonly clients: Map<string, OAuth2Client>;
  readonly codes: Map<string, AuthorizationCode>;
  readonly tokens: Map<string, ThirdPartyToken>;
  /** Refresh tokens that still work, of a strict server. */
  readonly refreshSecrets: Map<string, OAuth2Subject & { clientId: string }>;
  /** How many refreshes from now on return a refresh token that another refresh has deleted. */
  revokedRefreshes: number;
}
