import { CalStoreError } from "../../errors.js";
import { postgresTokenStore } from "../../stores/postgres.js";
import type { TableOptions } from "../../stores/shared/identifiers.js";
import { encryptedTokenStore, keysOf } from "../../tokens/encryption.js";
import type { Database } from "./database.js";
import { note, ok, wrong, type Finding } from "./finding.js";

const SAMPLE = 100;

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
    findings.push(note(text, "They are sealed when they are next refreshed; resealTokens does it at once."));
  }
  return findings.length > 0 || userIds.length === 0
    ? findings
    : [ok("The stored tokens open with the keys.")];
}
