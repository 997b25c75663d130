import { CalValidationError } from "../../errors.js";
import { decryptJwe, encryptJwe } from "../../lib/jwe.js";
import { parseJson } from "../../lib/parse-json.js";
import { SecretSource, type Secret } from "../../lib/secret-source.js";
import { isWeakSecret } from "../../lib/secret-strength.js";

/** Encrypts values that only the same application can decrypt. */
export interface EncryptedJson {
  /**
   * Encrypts with the first secret.
   * @throws {@link CalValidationError} if the result is longer than `decrypt` accepts.
   */
  encrypt(value: object): Promise<string>;
  /** Decrypts what was encrypted with one of the secrets, for the same audience. Returns `null` for any other text. */
  decrypt(encrypted: string): Promise<unknown>;
}

const MIN_SECRET_LENGTH = 32;
// Anyone can send a text to be decrypted, which costs time. Also, the state has to fit into a URL.
const MAX_ENCRYPTED_LENGTH = 8192;

/**
 * Encrypts as JWE (`dir`, A256GCM). With several secrets one can be replaced: the first encrypts, all decrypt.
 *
 * @param audience - For whom the values are: the application's address and the client's id. They are part of the key, so
 * that a value of another stage does not decrypt here, even if both stages have one secret.
 * @throws {@link CalValidationError} if there is no secret, or one is too short or weak.
 */
export function createEncryptedJson(
  secret: Secret<string | readonly string[]>,
  audience: readonly string[],
): EncryptedJson {
  const source = new SecretSource("stateSecret", secret, assertStateSecret);
  let derived: { secrets: readonly string[]; keys: Promise<Uint8Array[]> } | undefined;
  const keysOf = (secrets: readonly string[]): Promise<Uint8Array[]> => {
    if (derived?.secrets !== secrets) {
      derived = { secrets, keys: Promise.all(secrets.map((each) => deriveKey(each, audience))) };
    }
    return derived.keys;
  };
  const decryptWith = async (secrets: readonly string[], encrypted: string): Promise<unknown> => {
    for (const key of await keysOf(secrets)) {
      const decrypted = await decryptJwe(encrypted, key);
      if (decrypted) return parseJson(decrypted.text) ?? null;
    }
    return null;
  };

  return {
    async encrypt(value) {
      const [key] = await keysOf(await source.get());
      if (!key) throw new TypeError("There is no secret.");
      const encrypted = await encryptJwe(JSON.stringify(value), key);
      if (encrypted.length <= MAX_ENCRYPTED_LENGTH) return encrypted;
      throw new CalValidationError(
        `The encrypted state has ${encrypted.length} characters; at most ${MAX_ENCRYPTED_LENGTH} are possible. ` +
          "The user's id is too long, or the user has too many connections.",
      );
    },
    async decrypt(encrypted) {
      if (encrypted.length > MAX_ENCRYPTED_LENGTH) return null;
      const secrets = await source.get();
      const value = await decryptWith(secrets, encrypted);
      // Another server may have encrypted it with a secret that is newer than the one that is known here.
      if (value !== null || !(await source.renew(secrets))) return value;
      return decryptWith(await source.get(), encrypted);
    },
  };
}

/** Validates one or more state secrets, and returns all of them. */
export function assertStateSecret(secret: unknown): readonly string[] {
  const secrets: readonly unknown[] = Array.isArray(secret) ? secret : [secret];
  const advice = "Make one with: openssl rand -base64 32";
  if (secrets.length === 0 || !secrets.every(isLongEnough)) {
    throw new CalValidationError(
      `stateSecret must have ${MIN_SECRET_LENGTH} characters or more, each of several too. ${advice}`,
    );
  }
  if (secrets.some(isWeakSecret)) {
    throw new CalValidationError(`stateSecret must be random; one of its secrets can be guessed. ${advice}`);
  }
  return secrets;
}

function isLongEnough(secret: unknown): secret is string {
  return typeof secret === "string" && secret.trim().length >= MIN_SECRET_LENGTH;
}

/** HKDF (RFC 5869). The purpose and the audience are the `info`: any other use of the secret has another key. */
async function deriveKey(secret: string, audience: readonly string[]): Promise<Uint8Array> {
  const encoder = new TextEncoder();
  const material = await crypto.subtle.importKey("raw", encoder.encode(secret), "HKDF", false, [
    "deriveBits",
  ]);
  const info = encoder.encode(JSON.stringify(["calbridge state v2", ...audience]));
  const bits = await crypto.subtle.deriveBits(
    { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(), info },
    material,
    256,
  );
  return new Uint8Array(bits);
}
