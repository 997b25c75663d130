import { CalValidationError } from "../../errors.js";
import { decryptJwe, encryptJwe } from "../../lib/jwe.js";

/** Makes text that only this application can read or make. */
export interface EncryptedJson {
  /** Seals with the first secret. */
  encrypt(value: object): Promise<string>;
  /** Opens what any of the secrets has sealed. `null` for everything else. */
  decrypt(sealed: string): Promise<unknown>;
}

const MIN_SECRET_LENGTH = 32;
// Longer than anything sealed here; decryption of what anybody sends is not for free.
const MAX_ENCRYPTED_LENGTH = 8192;

/**
 * Seals as JWE (`dir`, A256GCM). Several secrets let one be replaced: the first seals, all open.
 *
 * @throws {@link CalValidationError} if there is no secret, or one is too short to be guarded by.
 */
export function createEncryptedJson(secret: string | readonly string[]): EncryptedJson {
  const secrets: readonly unknown[] =
    typeof secret === "string" ? [secret] : Array.isArray(secret) ? secret : [];
  if (secrets.length === 0 || !secrets.every(isLongEnough)) {
    throw new CalValidationError(
      `stateSecret must have ${MIN_SECRET_LENGTH} characters or more, each of several too. ` +
        "Make one with: openssl rand -base64 32",
    );
  }
  let keys: Promise<Uint8Array[]> | undefined;
  const ready = (): Promise<Uint8Array[]> => (keys ??= Promise.all(secrets.map(deriveKey)));

  return {
    async encrypt(value) {
      const [key] = await ready();
      if (!key) throw new TypeError("there is at least one secret");
      return encryptJwe(JSON.stringify(value), key);
    },
    async decrypt(sealed) {
      if (sealed.length > MAX_ENCRYPTED_LENGTH) return null;
      for (const key of await ready()) {
        const opened = await decryptJwe(sealed, key);
        if (opened) return JSON.parse(opened.text) as unknown;
      }
      return null;
    },
  };
}

function isLongEnough(secret: unknown): secret is string {
  return typeof secret === "string" && secret.trim().length >= MIN_SECRET_LENGTH;
}

async function deriveKey(secret: string): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, [
    "deriveBits",
  ]);
  // The purpose is part of the key: the same secret used elsewhere makes another one.
  const info = encoder.encode("calbridge state v1");
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    material,
    256,
  );
  return new Uint8Array(bits);
}
