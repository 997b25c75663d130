import { CalValidationError } from "../../errors.js";
import { encryptionKeysFromEnv, showKeyId } from "../../tokens/encryption/keys.js";
import type { CommandIo } from "../command.js";
import { ok, wrong, type Finding } from "./finding.js";

/** What the environment says of the encryption keys. */
export interface KeysCheck {
  findings: Finding[];
  /** The keys; `"none"` if the variable is not set, `"unreadable"` if it is invalid. */
  keys: Record<string, string> | "none" | "unreadable";
}

/** Checks the keys that tokens are encrypted with. Whether their absence is wrong depends on the stored tokens. */
export function checkKeys({ env }: CommandIo): KeysCheck {
  if (!env["CAL_TOKEN_ENCRYPTION_KEYS"]?.trim()) return { findings: [], keys: "none" };
  try {
    const keys = encryptionKeysFromEnv(env);
    const [first = "", ...others] = Object.keys(keys);
    const text = `CAL_TOKEN_ENCRYPTION_KEYS: the key ${showKeyId(first)} encrypts${others.length > 0 ? `, ${others.map(showKeyId).join(", ")} still open` : ""}.`;
    return { findings: [ok(text)], keys };
  } catch (error) {
    if (!(error instanceof CalValidationError)) throw error;
    const help = "It contains keys of 32 random bytes as id:key,id:key; the first one encrypts.";
    return { findings: [wrong(error.message, help)], keys: "unreadable" };
  }
}
