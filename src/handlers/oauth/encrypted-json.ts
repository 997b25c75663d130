import { CalValidationError } from "../../errors.js";
import { decryptJwe, encryptJwe } from "../../lib/jwe.js";

/** Makes text that only this application can read or make. */
export interface Sealer {
  /** Seals with the first secret. */
  seal(value: object): Promise<string>;
  /** Opens what any of the secrets has sealed. `null` for everything else. */
  open(sealed: string): Promise<unknown>;
}

const SHORTEST_SECRET = 32;
// Longer than anything sealed here; decryption of what anybody sends is not for free.
const LONGEST_SEALED = 8192;

/**
 * Seals as JWE (`dir`, A256GCM). Several secrets let one be replaced: the first seals, all open.
 *
 * @throws {@link CalValidationError} if there is no secret, or one is too short to be guarded by.
 */
export function createSealer(secret: string | readonly string[]): Sealer {
  const secrets: readonly unknown[] =
    typeof secret === "string" ? [secret] : Array.isArray(secret) ? secret : [];
  if (secrets.length === 0 || !secrets.every(isLongEnough)) {
    throw new CalValidationError(
      `secret must have ${SHORTEST_SECRET} characters or more, each of several too. ` +
        "Make one with: openssl rand -base64 32",
    );
  }
  let keys: Promise<Uint8Array[]> | undefined;
  const ready = (): Promise<Uint8Array[]> => (keys ??= Promise.all(secrets.map(deriveKey)));

  return {
    async seal(value) {
      const [key] = await ready();
      if (!key) throw new TypeError("there is at least one secret");
      return encryptJwe(JSON.stringify(value), key);
    },
    async open(sealed) {
      if (sealed.length > LONGEST_SEALED) return null;
      for (const key of await ready()) {
        const opened = await decryptJwe(sealed, key);
        if (opened) return JSON.parse(opened.text) as unknown;
      }
      return null;
    },
  };
}

function isLongEnough(secret: unknown): secret is string {
  return typeof secret === "string" && secret.trim().length >= SHORTEST_SECRET;
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
