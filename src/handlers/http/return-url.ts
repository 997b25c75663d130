import { invalidInput } from "./http-error.js";

// It is sealed into the state, which travels in the query of a query.
const MAX_LENGTH = 1024;

/**
 * Where a request wants the user to end up: a path of the application's, or an address of an origin that
 * is trusted. Answers it in full, so that no browser has anything left to interpret.
 */
export function toReturnUrl(value: string, base: URL, trustedOrigins: ReadonlySet<string>): string {
  const refused = invalidInput("returnUrl must be a path, or an address of an origin that is allowed.");
  if (value.length > MAX_LENGTH) throw refused;
  // URL parsers drop tabs and line ends, and take a backslash for a slash: `/\t/evil.example`.
  if (/[\x00-\x20\\\x7f]/.test(value)) throw refused;
  if (!URL.canParse(value, base)) throw refused;
  const url = new URL(value, base);
  const isPlain = url.username === "" && url.password === "";
  const isWritten = value.startsWith("/") || /^https?:\/\//i.test(value);
  if (!isPlain || !isWritten || !trustedOrigins.has(url.origin)) throw refused;
  return url.href;
}

/** The address with parameters of ours put into its query; others it has are left as they are. */
export function withParameters(address: string, parameters: Record<string, string>): string {
  const url = new URL(address);
  for (const [name, value] of Object.entries(parameters)) url.searchParams.set(name, value);
  return url.href;
}
