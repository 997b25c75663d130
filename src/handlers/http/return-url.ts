import { parseHttpUrl } from "../../lib/http-url.js";
import { resolveAppUrl } from "./app-url.js";
import { invalidInput } from "./http-error.js";

// It travels in the state, in the query of a URL in the query of another URL.
const MAX_RETURN_URL_BYTES = 1024;

/**
 * Validates the page that a request wants the user to return to: a path of the application, or a URL of a trusted origin
 * (no open redirect). Returns the whole URL, percent-encoded, so that a browser has nothing left to interpret.
 */
export function toReturnUrl(value: string, appUrl: URL, trustedOrigins: ReadonlySet<string>): string {
  const url = resolveAppUrl(value, appUrl);
  // Counted in its encoded form, which is ASCII: one CJK character has nine bytes there.
  if (!url || !trustedOrigins.has(url.origin) || url.href.length > MAX_RETURN_URL_BYTES) {
    throw invalidInput(
      `returnUrl must be a path, or a URL of an allowed origin, of at most ${MAX_RETURN_URL_BYTES} bytes when percent-encoded.`,
    );
  }
  return url.href;
}

/**
 * The return URL of a state, if it is still allowed: `allowedOrigins` may have changed since the state was made, or
 * differ between servers.
 */
export function allowedReturnUrl(
  value: string | undefined,
  trustedOrigins: ReadonlySet<string>,
): string | undefined {
  const url = parseHttpUrl(value);
  return url && trustedOrigins.has(url.origin) ? url.href : undefined;
}

/** The address with our parameters in its query. Its other parameters stay. */
export function withParameters(address: string, parameters: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
