import type { CompactJWEHeaderParameters } from "jose";
import { JOSEError } from "jose/errors";

// jose's part for it is bigger than all of the handlers: who seals nothing starts without.
let loading: ReturnType<typeof load> | undefined;
const load = () => Promise.all([import("jose/jwe/compact/encrypt"), import("jose/jwe/compact/decrypt")]);

/** Encrypts as a compact JWE (`dir`, A256GCM). The header can be read by anybody, and changed by nobody. */
export async function encryptJwe(
  text: string,
  key: Uint8Array,
  header: Partial<CompactJWEHeaderParameters> = {},
): Promise<string> {
  const [{ CompactEncrypt }] = await (loading ??= load());
  return new CompactEncrypt(new TextEncoder().encode(text))
    .setProtectedHeader({ alg: "dir", enc: "A256GCM", ...header })
    .encrypt(key);
}

/** Opens what {@link encryptJwe} has made. `null`: it is no such JWE, another key's, or was changed on the way. */
export async function decryptJwe(
  jwe: string,
  key: Uint8Array,
): Promise<{ text: string; header: Partial<CompactJWEHeaderParameters> } | null> {
  const [, { compactDecrypt }] = await (loading ??= load());
  try {
    const { plaintext, protectedHeader } = await compactDecrypt(jwe, key, {
      keyManagementAlgorithms: ["dir"],
      contentEncryptionAlgorithms: ["A256GCM"],
    });
    // Letter by letter, a byte order mark included.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(plaintext);
    return { text, header: protectedHeader };
  } catch (error) {
    if (error instanceof JOSEError) return null;
    throw error;
  }
}
