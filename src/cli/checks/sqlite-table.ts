import { columnNames, defaultTable } from "../../stores/columns.js";
import { sqliteDriver, type SqliteDatabase } from "../../stores/sqlite/database.js";
import type { SqliteTableOptions } from "../../stores/sqlite/names.js";
import type { TokenStore } from "../../tokens/token-store.js";
import { ok, wrong, type Finding } from "./finding.js";

/** An id that no user and no attempt has. */
const UNKNOWN_USER = "calbridge doctor";

/**
 * Checks both tables in a SQLite file: their columns, by reading them, and the unique indexes and keys.
 *
 * @throws {@link CalStoreError} if one is missing or lacks a column.
 */
export async function checkSqliteTables(
  database: SqliteDatabase,
  rows: Required<TokenStore>,
  options: SqliteTableOptions,
): Promise<Finding[]> {
  await rows.get(UNKNOWN_USER);
  await rows.getAttempt(UNKNOWN_USER);
  const { table = defaultTable, entryTable = `${table}Entry` } = options;
  const columns = columnNames(options.columns);
  const missing = async (of: string, ...wanted: string[][]): Promise<Finding[]> => {
    const has = await uniqueIndexes(database, of);
    return wanted
      .filter((needed) => !has.some((index) => index.toSorted().join() === needed.toSorted().join()))
      .map((index) =>
        wrong(
          `The table "${of}" has no unique index on ${index.map((name) => `"${name}"`).join(" and ")}: tokens can't be stored.`,
          "Run `npx calbridge schema --dialect sqlite` and apply what it prints.",
        ),
      );
  };
  return [
    ok(`The tables "${table}" and "${entryTable}" have all their columns.`),
    ...(await missing(table, [columns.userId], [columns.calServer, columns.calUserId])),
    ...(await missing(entryTable, ["key"])),
  ];
}

/** The columns of each unique index that covers all rows. */
async function uniqueIndexes(database: SqliteDatabase, table: string): Promise<string[][]> {
  const found = await sqliteDriver(database).all(
    `SELECT (SELECT json_group_array(column.name) FROM pragma_index_info(list.name) AS column) AS json
     FROM pragma_index_list(?) AS list WHERE list."unique" AND NOT list.partial`,
    [table],
  );
  return found as string[][];
}
