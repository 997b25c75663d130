import { CalStoreError } from "../../errors.js";
import type { TokenStore } from "../../tokens/token-store.js";
import { assertStorableText, assertStorableUserId, entryKey } from "../assert-record.js";
import { otherResult } from "../json-rows.js";
import { entryStatements } from "./entry-statements.js";
import type { QuotedNames } from "./identifiers.js";

/** Sends a statement and returns its rows. What fails is a `CalStoreError` without the secrets. */
export type Query = (
  action: string,
  text: string,
  values: (string | null)[],
  secrets?: string[],
) => Promise<unknown[]>;

type Entries = Required<
  Pick<TokenStore, "acquireLease" | "releaseLease" | "putAttempt" | "getAttempt" | "takeAttempt">
>;

interface EntryJson {
  key: string;
  value: string;
  type?: string;
}

/** Leases and attempts: values with an expiry, in a table of their own. */
export function postgresEntries(query: Query, names: QuotedNames): Entries {
  const sql = entryStatements(names);

  async function read(...[action, text, values, secrets]: Parameters<Query>): Promise<EntryJson | undefined> {
    const [entry] = (await query(action, text, values, secrets)) as (EntryJson | null)[];
    if (entry === undefined) return undefined;
    if (entry === null || entry.key !== values[0]) throw otherResult();
    assertTimeZone(entry, names.entryTable);
    return entry;
  }

  return {
    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      const values = [entryKey.lease(userId), owner, String(ttlMs)];
      const entry = await read("acquire the user's lease", sql.acquire, values);
      return entry?.value === owner;
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      await read("release the user's lease", sql.release, [entryKey.lease(userId), owner]);
    },

    async putAttempt(id, { data, ttlMs }) {
      assertAttempt(id, data);
      await read("keep the attempt", sql.put, [entryKey.attempt(id), data, String(ttlMs)], [data]);
    },

    async getAttempt(id) {
      assertAttempt(id);
      return (await read("read the attempt", sql.get, [entryKey.attempt(id)]))?.value ?? null;
    },

    async takeAttempt(id) {
      assertAttempt(id);
      return (await read("take the attempt", sql.take, [entryKey.attempt(id)]))?.value ?? null;
    },
  };
}

function assertAttempt(id: string, data = ""): void {
  assertStorableText(id, "The attempt's id");
  assertStorableText(data, "data");
}

// Sessions in different time zones would not agree on when a lease ends.
function assertTimeZone({ type }: EntryJson, table: string): void {
  if (type === undefined || type === "timestamp with time zone") return;
  throw new CalStoreError(
    `The column "expiresAt" of ${table} has the type ${type}, without a time zone. ` +
      `Run: ALTER TABLE ${table} ALTER COLUMN "expiresAt" TYPE TIMESTAMPTZ USING "expiresAt" AT TIME ZONE 'UTC'`,
  );
}
