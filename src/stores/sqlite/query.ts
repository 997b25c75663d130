import { isCalError } from "../../errors.js";
import { growingPauses, pause } from "../../lib/backoff.js";
import type { SqliteDriver } from "./database.js";
import { isBusy, sqliteError } from "./errors.js";
import { valuesOf, type Statement, type Values } from "./statement.js";

/** Sends a statement and returns its rows. What fails is a `CalStoreError` without the secrets. */
export type Query = <Name extends string>(
  action: string,
  statement: Statement<Name>,
  values: Values<Name>,
  secrets?: string[],
) => Promise<unknown[]>;

/** How long a statement is sent again while another connection has locked the database. */
const MAX_BUSY_MS = 5_000;

/**
 * Sends statements with a driver.
 *
 * @param schema - The command that prints the tables.
 */
export function querying({ all }: SqliteDriver, schema: string): Query {
  return (action, statement, values, secrets = []) =>
    withSqliteErrors(action, () => all(statement.text, valuesOf(statement, values)), { secrets, schema });
}

/**
 * Does the work, and does it again while another connection has locked the database. SQLite's own waiting (`PRAGMA
 * busy_timeout`) is off in some drivers, and in all direct ones it would stop this whole process.
 *
 * @throws `CalStoreError` for what the driver throws.
 */
export async function withSqliteErrors<Value>(
  action: string,
  work: () => Promise<Value>,
  { secrets = [], schema = "schema --dialect sqlite" }: { secrets?: string[]; schema?: string } = {},
): Promise<Value> {
  const startedAt = performance.now();
  for (const ms of growingPauses()) {
    try {
      return await work();
    } catch (error) {
      // Whatever the driver throws: the database's own errors, a lost connection.
      if (isCalError(error)) throw error;
      if (!isBusy(error) || performance.now() - startedAt > MAX_BUSY_MS)
        throw sqliteError(action, error, secrets, schema);
    }
    await pause(ms);
  }
  throw new Error("unreachable");
}

/** Creates tables, before the first statement is sent; again before the next one, if that has failed. */
export function afterTables(query: Query, { exec }: SqliteDriver, tables: string[]): Query {
  if (tables.length === 0) return query;
  let created: Promise<void> | undefined;
  return async (...args) => {
    created ??= withSqliteErrors("create the tables", () => exec(tables));
    try {
      await created;
    } catch (error) {
      created = undefined;
      throw error;
    }
    return query(...args);
  };
}
