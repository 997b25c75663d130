import { assertStorableState, assertStorableUserId, assertVersion, firstVersion } from "../assert-record.js";
import type { ConnectionState, ConnectionStore } from "../connection-store.js";
import { otherResult } from "../json-rows.js";
import { connectionTableStatements, connectionTableName } from "./connection-table.js";
import { sqliteDriver, type SqliteDatabase } from "./database.js";
import { afterTables, querying } from "./query.js";
import { statement, type Statement, type Values } from "./statement.js";
import { nowMs } from "./statements.js";

/** Options of {@link sqliteConnectionStore}. */
export interface SqliteConnectionStoreOptions {
  /** The application's own database, as {@link sqliteTokenStore} takes it. */
  database: SqliteDatabase;
  /**
   * The table's name.
   * @defaultValue `CalendarConnectionState`
   */
  table?: string | undefined;
  /**
   * Creates the table before the first use, if it is missing. For getting started and small applications; others
   * apply what `calbridge schema --dialect sqlite --connections` prints.
   * @defaultValue `false`
   */
  createTables?: boolean | undefined;
}

/** What the statements return a state as. The instant is in milliseconds since 1970. */
interface StateJson {
  userId: string;
  details: string | null;
  dueAt: number;
  version: number;
}

/**
 * Remembers users' connections in a SQLite table, for any number of processes that share its file. Every method is one
 * statement. Users are due by the database's clock.
 *
 * @throws `CalValidationError` for a database that can't be used, and for what a database can't store.
 * @throws `CalStoreError` if the database fails.
 *
 * @example
 * ```ts
 * import { DatabaseSync } from "node:sqlite";
 * import { sqliteConnectionStore } from "calbridge/sqlite";
 *
 * const connectionStore = sqliteConnectionStore({ database: new DatabaseSync("app.db"), createTables: true });
 * ```
 */
export function sqliteConnectionStore(options: SqliteConnectionStoreOptions): ConnectionStore {
  const { database, table, createTables } = options;
  const sql = statements(connectionTableName(table));
  const driver = sqliteDriver(database);
  const query = afterTables(
    querying(driver, "schema --dialect sqlite --connections"),
    driver,
    createTables === true ? connectionTableStatements(table) : [],
  );

  /** The one state of a user that a statement returns, if any. */
  async function one<Name extends string>(
    action: string,
    sent: Statement<Name>,
    values: Values<Name> & { userId: string },
  ): Promise<ConnectionState | null> {
    const [state] = (await query(action, sent, values)) as (StateJson | null)[];
    if (state === undefined) return null;
    if (state?.userId !== values.userId) throw otherResult();
    return toState(state);
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      return one("read the user's connections", sql.get, { userId });
    },

    async set(state, { ifVersion }) {
      assertStorableState(state);
      if (ifVersion !== null) assertVersion(ifVersion);
      const { userId, details } = state;
      const values = { userId, details, dueAt: state.dueAt.getTime() };
      const action = "write the user's connections";
      return ifVersion === null
        ? one(action, sql.insert, { ...values, version: firstVersion() })
        : one(action, sql.update, { ...values, ifVersion });
    },

    async claimDue({ limit, leaseMs }) {
      const values = { limit, leaseMs: Math.ceil(leaseMs) };
      return ((await query("claim users who are due", sql.claim, values)) as StateJson[]).map(toState);
    },

    async makeDue(userId) {
      assertStorableUserId(userId);
      await one("make the user due", sql.makeDue, { userId, version: firstVersion() });
    },

    async delete(userId) {
      assertStorableUserId(userId);
      await one("delete the user's connections", sql.delete, { userId });
    },
  };
}

function toState({ userId, details, dueAt, version }: StateJson): ConnectionState {
  return { userId, details, dueAt: new Date(dueAt), version };
}

function statements(table: string) {
  const state = `json_object('userId', "userId", 'details', "details", 'dueAt', "dueAt", 'version', "version") AS json`;
  const isUser = `"userId" = :userId COLLATE BINARY`;
  return {
    get: statement<"userId">(`SELECT ${state} FROM ${table} WHERE ${isUser}`),

    insert: statement<"userId" | "details" | "dueAt" | "version">(`
      INSERT INTO ${table} ("userId", "details", "dueAt", "version") VALUES (:userId, :details, :dueAt, :version)
      ON CONFLICT ("userId") DO NOTHING RETURNING ${state}`),

    update: statement<"userId" | "details" | "dueAt" | "ifVersion">(`
      UPDATE ${table} SET "details" = :details, "dueAt" = :dueAt, "claimedUntil" = NULL, "version" = "version" + 1
      WHERE ${isUser} AND "version" = :ifVersion RETURNING ${state}`),

    claim: statement<"limit" | "leaseMs">(`
      UPDATE ${table} SET
        "claimedUntil" = ${nowMs} + :leaseMs, "dueAt" = ${nowMs} + :leaseMs, "version" = "version" + 1
      WHERE "userId" IN (
        SELECT "userId" FROM ${table}
        WHERE "dueAt" <= ${nowMs} AND ("claimedUntil" IS NULL OR "claimedUntil" <= ${nowMs})
        ORDER BY "dueAt" LIMIT :limit
      ) RETURNING ${state}`),

    makeDue: statement<"userId" | "version">(`
      INSERT INTO ${table} AS state ("userId", "dueAt", "version") VALUES (:userId, ${nowMs}, :version)
      ON CONFLICT ("userId") DO UPDATE SET "dueAt" = excluded."dueAt", "version" = state."version" + 1
      WHERE state."dueAt" > excluded."dueAt" RETURNING ${state}`),

    delete: statement<"userId">(`DELETE FROM ${table} WHERE ${isUser} RETURNING ${state}`),
  };
}
