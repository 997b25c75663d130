import { SignJWT } from "jose";

const signingKey = new TextEncoder().encode("calbridge emulator: not a secret, nothing verifies these");

/** Signs a payload. Adds no claim of its own: managed users' tokens have no `exp`. */
export function signJwt(payload: Record<string, unknown>): Promise<string> {
  return new SignJWT(payload).setProtectedHeader({ alg: "HS256", typ: "JWT" }).sign(signingKey);
}
