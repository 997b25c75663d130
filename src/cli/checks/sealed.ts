import { CalStoreError } from "../../errors.js";
import { postgresTokenStore } from "../../stores/postgres/postgres-token-store.js";
import type { TableOptions } from "../../stores/postgres/identifiers.js";
import { encryptedTokenStore, keysOf } from "../../tokens/encryption/encrypted-token-store.js";
import type { Database } from "./database.js";
import { note, ok, wrong, type Finding } from "./finding.js";

const SAMPLE = 100;

/** That there are no keys, where no token is sealed. */
export const nothingSealed = note(
  "CAL_TOKEN_ENCRYPTION_KEYS is not set: tokens are stored as they are.",
  "To seal them, set CAL_TOKEN_ENCRYPTION_KEYS=k1:KEY and use encryptedTokenStore. KEY comes from: openssl rand -base64 32",
);

/** Looks, without keys, whether some of the stored tokens are sealed. */
export async function checkUnsealed(database: Database, table: TableOptions): Promise<Finding[]> {
  const store = postgresTokenStore({ client: database, ...table });
  const userIds = await store.list({ limit: SAMPLE });
  let sealed = 0;
  for (const userId of userIds) {
    const record = await store.get(userId);
    if (record && keysOf(record).some((key) => key !== null)) sealed += 1;
  }
  if (sealed === 0) return [nothingSealed];
  return [
    wrong(
      `CAL_TOKEN_ENCRYPTION_KEYS is not set, but tokens in the table are sealed. (${sealed} of ${userIds.length} users looked at)`,
      "Set it to the keys that they were sealed with.",
    ),
  ];
}

/** Opens some of the stored tokens with the keys. */
export async function checkSealed(
  database: Database,
  table: TableOptions,
  keys: Record<string, string>,
): Promise<Finding[]> {
  const store = postgresTokenStore({ client: database, ...table });
  const encrypted = encryptedTokenStore(store, { keys });
  const userIds = await store.list({ limit: SAMPLE });
  const failures = new Map<string, number>();
  let plain = 0;
  for (const userId of userIds) {
    try {
      await encrypted.get(userId);
      const record = await store.get(userId);
      if (record && keysOf(record).includes(null)) plain += 1;
    } catch (error) {
      // It names the key, and is the same for every row with the same fault.
      if (!(error instanceof CalStoreError)) throw error;
      failures.set(error.message, (failures.get(error.message) ?? 0) + 1);
    }
  }
  const findings = [...failures].map(([message, count]) =>
    wrong(
      `${message} (${count} of ${userIds.length} users looked at)`,
      "Add the key that is missing; keys are removed only after resealTokens.",
    ),
  );
  if (plain > 0) {
    const text = `${plain} of ${userIds.length} users looked at have tokens that are not sealed.`;
    findings.push(
      note(
        text,
        "With encryptedTokenStore they are sealed at their next refresh, or at once by resealTokens; without it, never.",
      ),
    );
  }
  return findings.length > 0 || userIds.length === 0
    ? findings
    : [ok("The stored tokens open with the keys.")];
}
