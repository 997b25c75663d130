import type { TokenStore } from "../../tokens/token-store.js";
import { assertStorableText, assertStorableUserId, entryKey } from "../assert-record.js";
import { otherResult } from "../json-rows.js";
import type { QuotedNames } from "./names.js";
import type { Query } from "./query.js";
import type { Statement, Values } from "./statement.js";
import { entryStatements } from "./statements.js";

type Entries = Required<
  Pick<TokenStore, "acquireLease" | "releaseLease" | "putAttempt" | "getAttempt" | "takeAttempt">
>;

interface EntryJson {
  key: string;
  value: string;
  isLive: number;
}

/** Leases and attempts: values with an expiry, in a table of their own. */
export function sqliteEntries(query: Query, names: QuotedNames): Entries {
  const sql = entryStatements(names);

  async function read<Name extends string>(
    action: string,
    statement: Statement<Name>,
    values: Values<Name> & { key: string },
  ): Promise<EntryJson | undefined> {
    const [entry] = (await query(action, statement, values)) as (EntryJson | null)[];
    if (entry !== undefined && entry?.key !== values.key) throw otherResult();
    return entry;
  }

  const liveValue = (entry: EntryJson | undefined) => (entry?.isLive === 1 ? entry.value : null);

  return {
    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      const values = { key: entryKey.lease(userId), value: owner, ttlMs: Math.ceil(ttlMs) };
      return (await read("acquire the user's lease", sql.acquire, values))?.value === owner;
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      await read("release the user's lease", sql.release, { key: entryKey.lease(userId), value: owner });
    },

    async putAttempt(id, { data, ttlMs }) {
      assertAttempt(id, data);
      const values = { key: entryKey.attempt(id), value: data, ttlMs: Math.ceil(ttlMs) };
      await query("keep the attempt", sql.put, values, [data]);
      await query("remove expired attempts", sql.removeExpired, {});
    },

    async getAttempt(id) {
      assertAttempt(id);
      return liveValue(await read("read the attempt", sql.get, { key: entryKey.attempt(id) }));
    },

    async takeAttempt(id) {
      assertAttempt(id);
      return liveValue(await read("take the attempt", sql.take, { key: entryKey.attempt(id) }));
    },
  };
}

function assertAttempt(id: string, data = ""): void {
  assertStorableText(id, "The attempt's id");
  assertStorableText(data, "data");
}
