// RFC 6265, section 4.1.1: a cookie's name is a token.
const tokenPattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/**
 * The cookies of a request by their names, values unchanged. Cookies whose name is not a token are ignored: their names
 * could look like those of other cookies.
 */
export function readCookies(request: Request): Map<string, string> {
  const cookies = new Map<string, string>();
  for (const pair of (request.headers.get("cookie") ?? "").split(";")) {
    const end = pair.indexOf("=");
    if (end < 0) continue;
    const name = stripBlanks(pair.slice(0, end));
    // Of several with one name, browsers send the one with the longest path first.
    if (tokenPattern.test(name) && !cookies.has(name)) cookies.set(name, stripBlanks(pair.slice(end + 1)));
  }
  return cookies;
}

/**
 * Removes spaces and tabs at both ends, and nothing else. `trim()` also removes U+00A0 and others. Browsers keep those:
 * a sibling subdomain could set a cookie named U+00A0 and `__Host-...`, which must not be read as `__Host-...`.
 */
function stripBlanks(text: string): string {
  const isBlank = (index: number): boolean => text[index] === " " || text[index] === "\t";
  let start = 0;
  let end = text.length;
  while (start < end && isBlank(start)) start += 1;
  while (end > start && isBlank(end - 1)) end -= 1;
  return text.slice(start, end);
}

/**
 * A `Set-Cookie` header for this host only, not readable by scripts. With https the caller gives it a `__Host-` name,
 * which keeps sibling subdomains from setting it. `SameSite=Lax`: the browser has to send it when it returns from a
 * provider.
 */
export function setCookie(
  name: string,
  value: string,
  { isSecure, maxAgeSeconds }: { isSecure: boolean; maxAgeSeconds: number },
): string {
  const secure = isSecure ? "; Secure" : "";
  return `${name}=${value}; Path=/; Max-Age=${maxAgeSeconds}; HttpOnly; SameSite=Lax${secure}`;
}
