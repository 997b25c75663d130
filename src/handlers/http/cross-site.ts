import { HttpError } from "./http-error.js";

/** Rejects a request that another site caused. See {@link isCrossSite}. */
export function assertSameSite(request: Request, trustedOrigins: ReadonlySet<string>): void {
  if (!isCrossSite(request, trustedOrigins)) return;
  throw new HttpError(403, "cross_site", "This request was caused by another site.");
}

/**
 * Whether a browser reports that another site caused the request (CSRF). Programs other than browsers send none of these
 * headers and pass: they don't send a user's cookies either.
 *
 * `same-site` is not enough: a sibling subdomain may be controlled by someone else. Its origin has to be trusted.
 */
export function isCrossSite(request: Request, trustedOrigins: ReadonlySet<string>): boolean {
  const site = request.headers.get("sec-fetch-site");
  // `none`: the user entered the address, or opened a bookmark.
  if (site === "same-origin" || site === "none") return false;
  if (site === "cross-site") return true;
  const origin = request.headers.get("origin") ?? originOf(request.headers.get("referer"));
  if (origin !== null) return !trustedOrigins.has(origin);
  return site !== null;
}

function originOf(address: string | null): string | null {
  if (address === null) return null;
  return URL.canParse(address) ? new URL(address).origin : "null";
}
