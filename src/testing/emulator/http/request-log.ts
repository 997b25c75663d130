/** A request that came in. Holds no token, no secret, no query. */
export interface LoggedRequest {
  method: string;
  /** What follows `/v2`, without the query: `/calendars/google/check`. */
  path: string;
  /** What the caller saw; 0 while no answer has been given, and for a connection that was reset. */
  status: number;
  at: Date;
  /** The managed user it was for, where that is known. */
  userId?: number;
  clientId?: string;
}

/** Which requests are meant. What is left out matches all. */
export interface RequestMatch {
  method?: string;
  /** What follows `/v2`, without the query: all of it, or a pattern. */
  path?: string | RegExp;
}

/** What follows `/v2` (or `/api/v2`). */
export function pathAfterVersion(pathname: string): string {
  return pathname.replace(/^(\/api)?\/v2(?=\/|$)/, "");
}

export function matches({ method, path }: RequestMatch, request: { method: string; path: string }): boolean {
  if (method !== undefined && method.toUpperCase() !== request.method) return false;
  if (path === undefined) return true;
  // `search`, not `test`: a pattern with the `g` flag would remember where it was.
  return typeof path === "string" ? path === request.path : request.path.search(path) >= 0;
}
