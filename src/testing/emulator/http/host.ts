/**
 * Whether a request's `Host` header names this server. A web page of another site can reach a local server under a
 * name of its own (DNS rebinding), but not under an IP address or `localhost`.
 *
 * @param names - further host names that this server has
 */
export function isOwnHost(header: string | undefined, names: readonly string[]): boolean {
  // A host and a port only, so that the rest of a URL can't be read into it.
  if (header === undefined || !/^[^\s@/?#\\]+$/.test(header) || !URL.canParse(`http://${header}`))
    return false;
  const { hostname } = new URL(`http://${header}`);
  return isIpAddress(hostname) || /(^|\.)localhost$/.test(hostname) || names.includes(hostname);
}

/** `URL` writes IPv4 addresses with four numbers, and IPv6 addresses in brackets. */
function isIpAddress(hostname: string): boolean {
  return /^(\d+\.){3}\d+$/.test(hostname) || hostname.startsWith("[");
}
