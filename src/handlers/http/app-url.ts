import { parseHttpUrl } from "../../lib/http-url.js";

/**
 * Resolves an address of the application: an absolute URL, or a path that begins with `/`; `null` for any other value.
 *
 * A path is a path of the application, so the path of `appUrl` is put before it, unless it already begins with that: for
 * `https://x.example/shop`, both `/settings` and `/shop/settings` are `https://x.example/shop/settings`.
 */
export function resolveAppUrl(value: unknown, appUrl: URL): URL | null {
  // URL parsers drop tabs and line ends, and treat a backslash as a slash: "/\t/evil.example" would leave the origin.
  const isPath = typeof value === "string" && /^\/(?![/\\])[^\s\p{Cc}\\]*$/u.test(value);
  if (!isPath) return parseHttpUrl(value);
  const url = new URL(value, appUrl.origin);
  const appPath = appPathOf(appUrl);
  const isWithin = url.pathname === appPath || url.pathname.startsWith(`${appPath}/`);
  if (!isWithin) url.pathname = appPath + url.pathname;
  return url;
}

/** The path of the application's address, without a slash at its end: `""` for an origin. */
export function appPathOf({ pathname }: URL): string {
  return pathname.replace(/\/+$/, "");
}
