/**
 * A token store and a connection store in SQLite, and the tables that they need.
 *
 * @module calbridge/sqlite
 */
import { CalUserInUseError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";
import {
  assertStorableRecord,
  assertStorableText,
  assertStorableUserId,
  assertVersion,
  firstVersion,
  secretsOf,
} from "../assert-record.js";
import { otherResult } from "../json-rows.js";
import { hiddenRowError } from "../refused-write.js";
import { sqliteDriver, type SqliteDatabase } from "./database.js";
import { sqliteEntries } from "./entries.js";
import { quoteNames, type SqliteTableOptions } from "./names.js";
import { afterTables, querying } from "./query.js";
import { readRecord, writeValues } from "./record-json.js";
import { schemaStatements } from "./schema.js";
import type { Statement, Values } from "./statement.js";
import { tokenStatements } from "./statements.js";

export type { TokenColumnNames, TokenColumns } from "../columns.js";
export type {
  D1Database,
  D1Statement,
  LibsqlDatabase,
  LibsqlStatement,
  SqliteDatabase,
  SqliteDirectDatabase,
  SqliteValue,
} from "./database.js";
export type { SqliteTableOptions } from "./names.js";
export { sqliteConnectionStore, type SqliteConnectionStoreOptions } from "./sqlite-connection-store.js";
export { createSchema, schemaSql, type SqliteSchemaOptions } from "./schema.js";

/** Options of {@link sqliteTokenStore}. */
export interface SqliteTokenStoreOptions extends SqliteTableOptions {
  /**
   * The application's own database: a `DatabaseSync` of node:sqlite, a `Database` of better-sqlite3 or bun:sqlite, a
   * client of `@libsql/client` (a local file or Turso), or a binding of Cloudflare D1.
   */
  database: SqliteDatabase;
  /**
   * Creates the tables before the first use, if they are missing. For getting started and small applications;
   * others apply what `calbridge schema --dialect sqlite` prints.
   * @defaultValue `false`
   */
  createTables?: boolean | undefined;
}

/** What `reason` returns. */
interface Reason {
  version: number | null;
  fromVersion: number | null;
  taken: string | null;
}

/** How often a write is sent again that lost to one which had already ended when the reason was asked for. */
const MAX_WRITE_ATTEMPTS = 4;

/**
 * Keeps tokens in a SQLite database, for any number of processes that share its file. Every write is one statement. While
 * another connection has locked the file, it waits without stopping the process, for up to 5 seconds. Leases and
 * connection attempts are kept in a second table and expire by the database's clock.
 *
 * Give the store a connection on which the application holds no transaction open: the store's writes would be rolled back
 * with it.
 *
 * @throws `CalValidationError` for a database that can't be used, and for what a database can't store.
 * @throws `CalStoreError` if the database fails.
 * @throws `CalUserInUseError` from `set` and `reassign`, if another user's record has the Cal.com user.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { sqliteTokenStore } from "calbridge/sqlite";
 *
 * const tokenStore = sqliteTokenStore({ database: new DatabaseSync("app.db"), createTables: true });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the statements
export function sqliteTokenStore(options: SqliteTokenStoreOptions): Required<TokenStore> {
  const names = quoteNames(options);
  const sql = tokenStatements(names);
  const driver = sqliteDriver(options.database);
  const query = afterTables(
    querying(driver, "schema --dialect sqlite"),
    driver,
    options.createTables === true ? schemaStatements(options) : [],
  );

  /** Sends a write until it is known why it wrote nothing, if it didn't. */
  async function write<Name extends string>(
    record: TokenWrite,
    statement: Statement<Name>,
    values: Values<Name>,
    { from, ifVersion }: { from: string; ifVersion: number | null },
  ): Promise<TokenRecord | null> {
    const { userId, calServer, calUserId } = record;
    const action = "write the user's tokens";
    for (let attempts = 0; attempts < MAX_WRITE_ATTEMPTS; attempts += 1) {
      const [json] = await query(action, statement, values, secretsOf(record));
      if (json !== undefined) return readRecord(userId, json);
      const asked = { userId, from, calServer, calUserId };
      const [reason] = (await query(action, sql.reason, asked)) as (Partial<Reason> | null)[];
      if (reason?.version === undefined) throw otherResult();
      const isOther = reason.fromVersion !== ifVersion || (userId !== from && reason.version !== null);
      if (isOther) return null;
      if (reason.taken !== null) throw new CalUserInUseError();
      // Nothing refuses it any more.
    }
    throw hiddenRowError();
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      const [json] = await query("read the user's tokens", sql.get, { userId });
      return json === undefined ? null : readRecord(userId, json);
    },

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      const condition = { from: record.userId, ifVersion };
      if (ifVersion === null) {
        const values = { ...writeValues(record), version: firstVersion() };
        return write(record, sql.insert, values, condition);
      }
      assertVersion(ifVersion);
      return write(record, sql.update, { ...writeValues(record), ifVersion }, condition);
    },

    async delete(userId) {
      assertStorableUserId(userId);
      return (await query("delete the user's tokens", sql.delete, { userId })).length > 0;
    },

    ...sqliteEntries(query, names),

    async list({ after, limit }) {
      const action = "list the users";
      if (after !== undefined) assertStorableText(after, "after");
      const rows = await (after === undefined
        ? query(action, sql.listFirst, { limit })
        : query(action, sql.listAfter, { after, limit }));
      return (rows as { userId: string }[]).map(({ userId }) => userId);
    },

    async findUser({ calServer, calUserId }) {
      assertStorableText(calServer, "calServer");
      const rows = await query("find the user of a Cal.com user", sql.findUser, { calServer, calUserId });
      return (rows as { userId: string }[])[0]?.userId ?? null;
    },

    async reassign(record, { from, ifVersion }) {
      assertStorableRecord(record);
      assertStorableUserId(from);
      assertVersion(ifVersion);
      const values = { ...writeValues(record), ifVersion, from };
      return write(record, sql.reassign, values, { from, ifVersion });
    },
  };
}
