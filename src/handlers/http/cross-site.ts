/**
 * Whether a browser says that another site caused the request. Programs that are no browsers send none of
 * these headers and pass: they carry no user's cookies.
 *
 * `same-site` is not enough: on a neighbouring subdomain anybody's page may lie. It has to be listed.
 */
export function isCrossSite(request: Request, trustedOrigins: ReadonlySet<string>): boolean {
  const site = request.headers.get("sec-fetch-site");
  // `none`: the user typed the address, or opened a bookmark.
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
