import { isCalError } from "../../errors.js";
import { encryptedTokenStore, keysOf } from "../../tokens/encryption/encrypted-token-store.js";
import type { TokenStore } from "../../tokens/token-store.js";
import { note, ok, wrong, type Finding } from "./finding.js";

const SAMPLE = 100;

/** There are no keys, and no token is encrypted. */
export const nothingEncrypted = note(
  "CAL_TOKEN_ENCRYPTION_KEYS is not set: tokens are stored unencrypted.",
  "To encrypt them, set CAL_TOKEN_ENCRYPTION_KEYS=k1:KEY and use encryptedTokenStore. KEY comes from: openssl rand -base64 32",
);

/** Checks, without keys, whether some of the stored tokens are encrypted. */
export async function checkUnencrypted(store: Required<TokenStore>): Promise<Finding[]> {
  const userIds = await store.list({ limit: SAMPLE });
  let encrypted = 0;
  for (const userId of userIds) {
    const record = await store.get(userId);
    if (record && keysOf(record).some((key) => key !== null)) encrypted += 1;
  }
  if (encrypted === 0) return [nothingEncrypted];
  return [
    wrong(
      `CAL_TOKEN_ENCRYPTION_KEYS is not set, but tokens in the table are encrypted. (${encrypted} of ${userIds.length} checked users)`,
      "Set it to the keys that they were encrypted with.",
    ),
  ];
}

/** Decrypts some of the stored tokens with the keys. */
export async function checkEncrypted(
  store: Required<TokenStore>,
  keys: Record<string, string>,
): Promise<Finding[]> {
  const encrypted = encryptedTokenStore(store, { keys });
  const userIds = await store.list({ limit: SAMPLE });
  const failed: string[][] = [];
  const works = new Set<string>();
  let plain = 0;
  for (const userId of userIds) {
    const record = await store.get(userId);
    if (!record) continue;
    const ids = keysOf(record);
    const used = [...new Set(ids)].filter((id) => id !== null);
    try {
      await encrypted.get(userId);
      for (const id of used) works.add(id);
      if (ids.includes(null)) plain += 1;
    } catch (error) {
      if (!isCalError(error)) throw error;
      failed.push(used);
    }
  }
  const checked = (count: number) => `${count} of ${userIds.length} checked users`;
  const findings = [...failuresByKey(failed, keys, works)].map(([text, count]) =>
    wrong(
      `${text} (${checked(count)})`,
      "Set CAL_TOKEN_ENCRYPTION_KEYS to the keys that they were encrypted with. Remove a key only after reencryptTokens.",
    ),
  );
  if (plain > 0) {
    findings.push(
      note(
        `${checked(plain)} have tokens that are not encrypted.`,
        "With encryptedTokenStore they are encrypted at their next refresh, or at once by reencryptTokens; without it, never.",
      ),
    );
  }
  return findings.length > 0 || userIds.length === 0
    ? findings
    : [ok("The stored tokens can be decrypted with the keys.")];
}

/**
 * How many users have which fault. By key, and not by message: which of a user's tokens fails first is a matter of chance.
 *
 * @param failed - The keys that each user's tokens are encrypted with.
 */
function failuresByKey(
  failed: readonly string[][],
  keys: Record<string, string>,
  works: ReadonlySet<string>,
): Map<string, number> {
  const failures = new Map<string, number>();
  for (const used of failed) {
    const unknown = used.filter((id) => !Object.hasOwn(keys, id));
    const doubtful = used.filter((id) => !works.has(id));
    const names = (ids: string[]) => ids.map((id) => `"${id}"`).join(" and ");
    let text = `Tokens can't be decrypted with the key ${names(doubtful)}: it is another key now, or the rows were changed.`;
    if (unknown.length > 0) {
      text = `Tokens are encrypted with the key ${names(unknown)}, which is not among the encryption keys.`;
    } else if (doubtful.length === 0) {
      text = "Tokens can't be decrypted, though their keys decrypt others: the rows were changed.";
    }
    failures.set(text, (failures.get(text) ?? 0) + 1);
  }
  return failures;
}
