import { isInsecure, parseHttpUrl } from "../../lib/http-url.js";

/** Whether others on the network can read what is sent to this address: http, and not to this machine. */
export function isUnencrypted(address: string): boolean {
  const url = parseHttpUrl(address);
  return url !== null && isInsecure(url);
}
