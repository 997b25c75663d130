/** The grants of OAuth 2's token endpoint: the exchange of a code, and a refresh. */
export type GrantType = "authorization_code" | "refresh_token";

/** A request that the API received. Holds no token, no secret and no query. */
export interface LoggedRequest {
  method: string;
  /** The path after `/v2`, without the query: `/calendars/google/check`. */
  path: string;
  /** The status that the caller received. 0 before the response, and after a connection reset. */
  status: number;
  at: Date;
  /** Cal.com's id of the user that the request was for, if it is known. */
  userId?: number;
  clientId?: string;
  /** Of a request to OAuth 2's token endpoint. */
  grantType?: GrantType;
}

/** Selects requests. A field that is left out matches every request. */
export interface RequestMatch {
  method?: string | undefined;
  /** The path after `/v2`, without the query: the whole path, or a pattern. */
  path?: string | RegExp | undefined;
  /** Requests to OAuth 2's token endpoint with this grant type. */
  grantType?: GrantType | undefined;
}

/** The path after `/v2` or `/api/v2`. */
export function pathAfterVersion(pathname: string): string {
  return pathname.replace(/^(\/api)?\/v2(?=\/|$)/i, "");
}

export function matches(
  { method, path, grantType }: RequestMatch,
  request: Pick<LoggedRequest, "method" | "path" | "grantType">,
): boolean {
  if (method !== undefined && method.toUpperCase() !== request.method) return false;
  if (grantType !== undefined && grantType !== request.grantType) return false;
  if (path === undefined) return true;
  // `search`, not `test`: a pattern with the `g` flag keeps its position between calls to `test`.
  return typeof path === "string" ? path === request.path : request.path.search(path) >= 0;
}
