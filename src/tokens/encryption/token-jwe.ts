import * as base64url from "jose/base64url";
import { CalStoreError } from "../../errors.js";
import { decryptJwe, encryptJwe } from "../../lib/jwe.js";
import { parseJsonObject } from "../../lib/parse-json.js";
import { isKeyId, showKeyId, type KeyRing } from "./keys.js";

/** The columns that are encrypted. What was encrypted for one is refused in another. */
type EncryptedColumn = "access" | "refresh" | "details";

/** Where an encrypted value belongs: the JWE authenticates all of it. */
export interface Place {
  column: EncryptedColumn;
  userId: string;
  calServer: string;
  calUserId: number;
}

/** The protected header of our JWEs. Those of before the first release have no `cal` and `srv`. */
interface TokenHeader {
  kid?: unknown;
  typ?: unknown;
  sub?: unknown;
  cal?: unknown;
  srv?: unknown;
}

/** What a stored value shows of its encryption without a key. */
export interface Encryption {
  keyId: string;
  /** Whether the Cal.com user is part of what is authenticated. */
  isBound: boolean;
}

// The type of our JWEs: it distinguishes them from unencrypted values, whatever form Cal.com gives its tokens.
const TYPE = "calbridge";

/** Encrypts a value with the first key: a JWE whose protected header says where it belongs. */
export function encryptValue(value: string, place: Place, { first }: KeyRing): Promise<string> {
  const { column, userId, calServer, calUserId } = place;
  const header = { kid: first.id, typ: `${TYPE}-${column}`, sub: userId, cal: calUserId, srv: calServer };
  return encryptJwe(value, first.key, header);
}

/** Decrypts an encrypted value; returns an unencrypted one as it is. */
export async function decryptValue(value: string, place: Place, { keys }: KeyRing): Promise<string> {
  const header = headerOf(value);
  if (!header) return value;
  const what = place.column === "details" ? "The user's details" : `The user's ${place.column} token`;
  const kid = isKeyId(header.kid) ? header.kid : "an unreadable id";
  const key = keys.get(kid);
  if (!key) {
    throw new CalStoreError(
      `${what} can't be decrypted: it was encrypted with the key ${showKeyId(kid)}, which is not among the encryption keys.`,
    );
  }
  const decrypted = await decryptJwe(value, key);
  if (!decrypted) {
    throw new CalStoreError(
      `${what} can't be decrypted with the key ${showKeyId(kid)}: that is another key now, or the stored value was changed.`,
    );
  }
  assertPlace(decrypted.header, place, what);
  return decrypted.text;
}

/** How a stored value is encrypted; `null` for an unencrypted one. */
export function encryptionOf(value: string): Encryption | null {
  const header = headerOf(value);
  return header && { keyId: isKeyId(header.kid) ? header.kid : "", isBound: header.cal !== undefined };
}

/** The header is authenticated: it says where the value belonged when it was encrypted. */
function assertPlace(header: TokenHeader, place: Place, what: string): void {
  const isRow = header.sub === place.userId && header.typ === `${TYPE}-${place.column}`;
  const isBound = header.cal !== undefined;
  const isAccount = header.cal === place.calUserId && header.srv === place.calServer;
  if (isRow && (isAccount || !isBound)) return;
  throw new CalStoreError(
    `${what} was encrypted for another ${isRow ? "Cal.com user" : "user or column"}: the row was changed by hand.`,
  );
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
    // Not base64url: a value of another kind.
    return "";
  }
}
