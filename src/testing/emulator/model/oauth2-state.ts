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
