import * as base64url from "jose/base64url";
import { CalValidationError } from "../../errors.js";
import { assertObject } from "../../lib/assert.js";
import { processEnv } from "../../lib/env.js";
import { SecretSource, type Secret } from "../../lib/secret-source.js";

const KEY_BYTES = 32;
// Random keys have about 30: fewer than 20 are half a key that is repeated, a pattern, or words.
const MIN_DISTINCT_BYTES = 20;

/**
 * Keys by their ids, 32 random bytes each: as bytes, or as a string in base64, base64url or hex. The first
 * one seals, all of them open. An id is made of letters, digits, `.`, `_` and `-`; not of digits alone,
 * since JavaScript would sort such ids to the front.
 *
 * Make one with `openssl rand -base64 32`.
 */
export type EncryptionKeys = Readonly<Record<string, string | Uint8Array>>;

/** Checked keys, as bytes. */
export interface KeyRing {
  /** The key that seals. */
  first: { id: string; key: Uint8Array };
  keys: ReadonlyMap<string, Uint8Array>;
}

/** Keys that are given, or that a function returns. */
export function keySource(keys: Secret<EncryptionKeys>): SecretSource<EncryptionKeys, KeyRing> {
  return new SecretSource("keys", keys, keyRing);
}

/** Checks keys. No message says anything of a key but its id. */
function keyRing(keys: EncryptionKeys): KeyRing {
  assertObject("keys", keys, "keys by their ids, such as { k1: KEY }. See encryptionKeysFromEnv()");
  const ring = new Map(
    Object.entries(keys).map(([id, key]) => {
      checkId(id);
      return [id, bytesOf(id, key)] as const;
    }),
  );
  const [first] = ring;
  if (!first) throw new CalValidationError("There must be at least one encryption key.");
  const [id, key] = first;
  return { first: { id, key }, keys: ring };
}

/**
 * Reads the keys of {@link encryptedTokenStore} from `CAL_TOKEN_ENCRYPTION_KEYS`: `k2:KEY,k1:KEY`, the one
 * that seals first. Throws `CalValidationError` if the variable is missing or can't be read.
 *
 * @param env Default: `process.env`.
 */
export function encryptionKeysFromEnv(
  env: Readonly<Record<string, string | undefined>> = processEnv(),
): Record<string, string> {
  const variable = env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim();
  if (!variable) {
    throw new CalValidationError(
      "CAL_TOKEN_ENCRYPTION_KEYS is not set. Make a key with `openssl rand -base64 32` and set it to k1:KEY.",
    );
  }
  const keys = new Map<string, string>();
  for (const [index, entry] of variable.split(",").entries()) {
    const [id, key] = entry.split(":").map((part) => part.trim());
    if (!id || !key) {
      throw new CalValidationError(
        `Entry ${index + 1} of CAL_TOKEN_ENCRYPTION_KEYS is not of the form id:key.`,
      );
    }
    checkId(id);
    if (keys.has(id))
      throw new CalValidationError(`CAL_TOKEN_ENCRYPTION_KEYS has the key ${showKeyId(id)} twice.`);
    keys.set(id, key);
  }
  keyRing(Object.fromEntries(keys));
  return Object.fromEntries(keys);
}

/** Whether a text can be the id of a key. A text that could be a key itself can't. */
export function isKeyId(id: unknown): id is string {
  return typeof id === "string" && /^[\w.-]{1,64}$/.test(id) && !couldBeKey(id);
}

// A random key is longer than this in every encoding, even if it is cut or has a wrong number of bytes.
const MAX_SHOWN_ID_LENGTH = 20;

/** Names a key by its id, in a message or a log. A long id is not shown: it could be a key of another size, or a part of one. */
export function showKeyId(id: string): string {
  return id.length <= MAX_SHOWN_ID_LENGTH ? `"${id}"` : `whose id has ${id.length} characters`;
}

/** Whether a text is 16 bytes or more in hexadecimal, or 32 or more in base64 or base64url. */
function couldBeKey(text: string): boolean {
  return /^[0-9a-f]{32,}$/i.test(text) || /^[\w-]{43,}$/.test(text);
}

function checkId(id: string): void {
  if (couldBeKey(id.replace(/[+/=]/g, ""))) {
    throw new CalValidationError(
      "An encryption key's id could be a key itself. Are the two sides of the colon swapped? It is id:key.",
    );
  }
  // The id is not shown here: it could be a key in another form.
  if (!isKeyId(id)) {
    throw new CalValidationError("An encryption key's id may hold up to 64 letters, digits, dots, _ and -.");
  }
  if (/^\d+$/.test(id)) {
    throw new CalValidationError(
      "An encryption key's id needs a letter: JavaScript sorts mere numbers first.",
    );
  }
}

function bytesOf(id: string, key: string | Uint8Array): Uint8Array {
  const bytes = typeof key === "string" ? decode(id, key.trim()) : Uint8Array.from(key);
  const advice = "Make one with: openssl rand -base64 32";
  if (bytes.length !== KEY_BYTES) {
    throw new CalValidationError(
      `The encryption key ${showKeyId(id)} has ${bytes.length} bytes; it must have ${KEY_BYTES}. ${advice}`,
    );
  }
  if (new Set(bytes).size >= MIN_DISTINCT_BYTES) return bytes;
  throw new CalValidationError(`The encryption key ${showKeyId(id)} is not random. ${advice}`);
}

function decode(id: string, key: string): Uint8Array {
  if (/^[0-9a-f]{64}$/i.test(key)) {
    return Uint8Array.from(key.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  }
  try {
    return base64url.decode(key.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, ""));
  } catch {
    // A character or a length that base64 does not have; the error quotes neither, but stays unseen.
    throw new CalValidationError(
      `The encryption key ${showKeyId(id)} is not base64, base64url or hex. Is it the output of \`openssl rand -base64 32\`, and not the command?`,
    );
  }
}
