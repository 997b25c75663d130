import { decodeJwt } from "jose/jwt/decode";

/** When a token of Cal.com expires, as its payload says: `expiresAt`, in milliseconds. It has no `exp`. */
export function expiryOf(token: string): Date | null {
  return toInstant(claimsOf(token)?.["expiresAt"]);
}

/** When a token of Cal.com was issued, as its payload says: `iat`, in seconds. */
export function issueOf(token: string): Date | null {
  const iat = claimsOf(token)?.["iat"];
  return typeof iat === "number" ? toInstant(iat * 1000) : null;
}

/** The id of the managed user that a token was issued to, as its payload says. The signature is not verified. */
export function ownerOf(token: string): number | null {
  const ownerId = claimsOf(token)?.["ownerId"];
  return typeof ownerId === "number" ? ownerId : null;
}

function claimsOf(token: string): Record<string, unknown> | null {
  try {
    return decodeJwt(token);
  } catch {
    // jose throws one of several errors for text that is not a JWT. Such a token has no claims.
    return null;
  }
}

export function toInstant(value: unknown): Date | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const date = new Date(value);
  return Number.isNaN(date.getTime()) ? null : date;
}
