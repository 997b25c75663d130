import { decode } from "jose/base64url";
import { parseJsonObject } from "../lib/parse-json.js";

// What Cal.com's tokens say of themselves. The signature is Cal.com's to verify: only Cal.com has the key. Managed
// users' tokens have `ownerId` and `expiresAt` (milliseconds), OAuth 2 tokens `userId` and `exp` (seconds).

/** When a token expires. */
export function expiryOf(token: string): Date | null {
  const claims = claimsOf(token);
  return toInstant(claims?.["expiresAt"]) ?? secondsToInstant(claims?.["exp"]);
}

/** When a token was issued. */
export function issueOf(token: string): Date | null {
  return secondsToInstant(claimsOf(token)?.["iat"]);
}

/** The id of the Cal.com user that a token was issued for. */
export function calUserIdIn(token: string): number | null {
  const claims = claimsOf(token);
  return numberOrNull(claims?.["ownerId"]) ?? numberOrNull(claims?.["userId"]);
}

/** The team that an OAuth 2 token acts for. */
export function teamIdIn(token: string): number | null {
  return numberOrNull(claimsOf(token)?.["teamId"]);
}

/** The OAuth client that an OAuth 2 token was issued to. */
export function clientIdIn(token: string): string | null {
  const clientId = claimsOf(token)?.["clientId"];
  return typeof clientId === "string" ? clientId : null;
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

// Not jose's decodeJwt(): it brings all of jose's validation along.
function claimsOf(token: string): Record<string, unknown> | null {
  const [, payload, signature, ...more] = token.split(".");
  // A JWS in its compact form (RFC 7515, section 3.1). Any other token says nothing of itself.
  if (payload === undefined || signature === undefined || more.length > 0) return null;
  try {
    return parseJsonObject(utf8.decode(decode(payload))) ?? null;
  } catch (error) {
    // Not base64url, or not UTF-8.
    if (error instanceof TypeError) return null;
    throw error;
  }
}

/** An instant in milliseconds since 1970 or in ISO 8601; `null` for anything else. */
export function toInstant(value: unknown): Date | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}

function secondsToInstant(value: unknown): Date | null {
  return typeof value === "number" ? toInstant(value * 1000) : null;
}

function numberOrNull(value: unknown): number | null {
  return typeof value === "number" ? value : null;
}
