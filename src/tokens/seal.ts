import * as base64url from "jose/base64url";
import * as errors from "jose/errors";
import { compactDecrypt } from "jose/jwe/compact/decrypt";
import { CompactEncrypt } from "jose/jwe/compact/encrypt";
import { CalStoreError } from "../errors.js";
import { isKeyId, type KeyRing } from "./encryption-keys.js";

/** The columns that are sealed. A token sealed for one does not open in the other. */
type SealedColumn = "access" | "refresh";

/** Where a token belongs. */
export interface Place {
  userId: string;
  column: SealedColumn;
}

interface SealHeader {
  kid?: unknown;
  sub?: unknown;
  typ?: unknown;
}

// The type of our JWEs: it tells them from a plain token, whatever form Cal.com gives its tokens.
const TYPE = "calbridge";

/** Seals a token with the first key: a JWE whose protected header says where it belongs. */
export async function seal(token: string, { userId, column }: Place, { first }: KeyRing): Promise<string> {
  return new CompactEncrypt(new TextEncoder().encode(token))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", kid: first.id, typ: `${TYPE}-${column}`, sub: userId })
    .encrypt(first.key);
}

/** Opens a sealed token; a plain one is answered as it is. */
export async function open(value: string, place: Place, { keys }: KeyRing): Promise<string> {
  const header = headerOf(value);
  if (!header) return value;
  const what = `The user's ${place.column} token`;
  const kid = isKeyId(header.kid) ? header.kid : "an unreadable id";
  const key = keys.get(kid);
  if (!key) {
    throw new CalStoreError(
      `${what} is sealed with the key "${kid}", which is not among the encryption keys.`,
    );
  }
  const { plaintext, protectedHeader } = await decrypt(
    value,
    key,
    `${what} does not open with the key "${kid}"`,
  );
  // The header is authenticated: it says what it said when the token was sealed.
  if (protectedHeader["sub"] !== place.userId || protectedHeader.typ !== `${TYPE}-${place.column}`) {
    throw new CalStoreError(`${what} was sealed for another user or column: somebody has moved it.`);
  }
  // Letter by letter, a byte order mark included.
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(plaintext);
}

/** Whether a token is sealed, and with which key. `null`: it is a plain one. */
export function sealedWith(value: string): string | null {
  const header = headerOf(value);
  return header && (isKeyId(header.kid) ? header.kid : "");
}

async function decrypt(value: string, key: Uint8Array, failure: string): ReturnType<typeof compactDecrypt> {
  try {
    return await compactDecrypt(value, key, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    // Not its cause: that adds nothing.
    throw new CalStoreError(`${failure}: that is another key now, or the stored value was changed.`);
  }
}

function headerOf(value: string): SealHeader | null {
  const end = value.indexOf(".");
  if (end === -1 || !value.startsWith("eyJ")) return null;
  try {
    const header = JSON.parse(new TextDecoder().decode(base64url.decode(value.slice(0, end)))) as SealHeader;
    return typeof header.typ === "string" && header.typ.startsWith(TYPE) ? header : null;
  } catch {
    // Not base64url or not JSON: a token of another kind.
    return null;
  }
}
