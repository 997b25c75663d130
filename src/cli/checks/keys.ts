import { CalValidationError } from "../../errors.js";
import { encryptionKeysFromEnv } from "../../tokens/encryption-keys.js";
import type { CommandIo } from "../command.js";
import { note, ok, wrong, type Finding } from "./finding.js";

/** What the environment says of the encryption keys. */
export interface KeysCheck {
  findings: Finding[];
  /** The keys, if there are any and they are right. */
  keys?: Record<string, string>;
}

/** Looks at the keys that tokens are encrypted with. */
export function checkKeys({ env }: CommandIo): KeysCheck {
  if (!env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim()) {
    const text = "CAL_TOKEN_ENCRYPTION_KEYS is not set: tokens are stored as they are.";
    return {
      findings: [
        note(
          text,
          "To encrypt them, make a key (openssl rand -base64 32), set k1:KEY and use encryptedTokenStore.",
        ),
      ],
    };
  }
  try {
    const keys = encryptionKeysFromEnv(env);
    const [first = "", ...others] = Object.keys(keys);
    const text = `CAL_TOKEN_ENCRYPTION_KEYS: "${first}" seals${others.length > 0 ? `, "${others.join('", "')}" still open` : ""}.`;
    return { findings: [ok(text)], keys };
  } catch (error) {
    if (!(error instanceof CalValidationError)) throw error;
    const help = "It holds keys of 32 random bytes as id:key,id:key, the one that seals first.";
    return { findings: [wrong(error.message, help)] };
  }
}
