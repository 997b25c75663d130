import * as base64url from "jose/base64url";
import { CalStoreError } from "../../errors.js";
import { decryptJwe, encryptJwe } from "../../lib/jwe.js";
import { parseJsonObject } from "../../lib/parse-json.js";
import { isKeyId, showKeyId, type KeyRing } from "./keys.js";

/** The columns that are sealed. A token sealed for one does not open in the other. */
type EncryptedColumn = "access" | "refresh";

/** Where a token belongs. */
export interface Place {
  userId: string;
  column: EncryptedColumn;
}

interface TokenHeader {
  kid?: unknown;
  sub?: unknown;
  typ?: unknown;
}

// The type of our JWEs: it tells them from a plain token, whatever form Cal.com gives its tokens.
const TYPE = "calbridge";

/** Seals a token with the first key: a JWE whose protected header says where it belongs. */
export function encryptToken(token: string, { userId, column }: Place, { first }: KeyRing): Promise<string> {
  return encryptJwe(token, first.key, { kid: first.id, typ: `${TYPE}-${column}`, sub: userId });
}

/** Opens a sealed token; a plain one is answered as it is. */
export async function decryptToken(value: string, place: Place, { keys }: KeyRing): Promise<string> {
  const header = headerOf(value);
  if (!header) return value;
  const what = `The user's ${place.column} token`;
  const kid = isKeyId(header.kid) ? header.kid : "an unreadable id";
  const key = keys.get(kid);
  if (!key) {
    throw new CalStoreError(
      `${what} is sealed with the key ${showKeyId(kid)}, which is not among the encryption keys.`,
    );
  }
  const opened = await decryptJwe(value, key);
  if (!opened) {
    throw new CalStoreError(
      `${what} does not open with the key ${showKeyId(kid)}: that is another key now, or the stored value was changed.`,
    );
  }
  // The header is authenticated: it says what it said when the token was sealed.
  if (opened.header["sub"] !== place.userId || opened.header.typ !== `${TYPE}-${place.column}`) {
    throw new CalStoreError(`${what} was sealed for another user or column: somebody has moved it.`);
  }
  return opened.text;
}

/** Whether a token is sealed, and with which key. `null`: it is a plain one. */
export function encryptionKeyIdOf(value: string): string | null {
  const header = headerOf(value);
  return header && (isKeyId(header.kid) ? header.kid : "");
}

function headerOf(value: string): TokenHeader | null {
  const end = value.indexOf(".");
  if (end === -1 || !value.startsWith("eyJ")) return null;
  const header: TokenHeader | undefined = parseJsonObject(decodeText(value.slice(0, end)));
  return typeof header?.typ === "string" && header.typ.startsWith(TYPE) ? header : null;
}

function decodeText(encoded: string): string {
  try {
    return new TextDecoder().decode(base64url.decode(encoded));
  } catch {
    // Not base64url: a token of another kind.
    return "";
  }
}
