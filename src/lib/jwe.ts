import type { CompactJWEHeaderParameters } from "jose";
import { JOSEError } from "jose/errors";

// Loaded when first used: jose's JWE code is larger than all handlers, and an application without encryption needs none.
let loading: ReturnType<typeof load> | undefined;
const load = () => Promise.all([import("jose/jwe/compact/encrypt"), import("jose/jwe/compact/decrypt")]);

/** Encrypts as a compact JWE (`dir`, A256GCM). The header is authenticated, but not encrypted. */
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

/** Decrypts a JWE of {@link encryptJwe}. Returns `null` for any other text, for another key, and for a JWE that was changed. */
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
    // ignoreBOM keeps a byte order mark in the text.
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(plaintext);
    return { text, header: protectedHeader };
  } catch (error) {
    if (error instanceof JOSEError) return null;
    throw error;
  }
}
