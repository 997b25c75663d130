import { encode } from "jose/base64url";

/** The SHA-256 of a text's UTF-8 bytes. */
export async function sha256(text: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text)));
}

/** A user's id in hooks, errors and traces: it does not show the id, and can be computed from it. */
export async function hashUserId(userId: string): Promise<string> {
  return toHex((await sha256(userId)).subarray(0, 8));
}

/** Bytes in base64url without padding (RFC 4648, section 5): valid in a URL and in a cookie. */
export function toBase64Url(bytes: Uint8Array): string {
  return encode(bytes);
}

/** Bytes in lower-case hexadecimal. */
export function toHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}
