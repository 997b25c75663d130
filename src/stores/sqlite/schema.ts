import { columnNames, defaultTable } from "../columns.js";
import { connectionTableStatements } from "./connection-table.js";
import { sqliteDriver, type SqliteDatabase } from "./database.js";
import { quoteName, quoteNames, type SqliteTableOptions } from "./names.js";
import { withSqliteErrors } from "./query.js";

/** Options of {@link createSchema} and {@link schemaSql}. */
export interface SqliteSchemaOptions extends SqliteTableOptions {
  /**
   * The application's table of users, and its column with the ids that are passed as `userId`: a new token table refers
   * to it. SQLite checks that only on connections with `PRAGMA foreign_keys = ON`.
   * @defaultValue none
   */
  users?: { table: string; column: string } | undefined;
  /**
   * Whether the table of `sqliteConnectionStore` is created too.
   * @defaultValue `false`
   */
  connections?: boolean | undefined;
  /**
   * The name of that table.
   * @defaultValue `CalendarConnectionState`
   */
  connectionTable?: string | undefined;
}

/** The SQL that creates the tables. It can be applied again at any time, and keeps every row. */
export function schemaSql(options: SqliteSchemaOptions = {}): string {
  return `-- The tables of calbridge. Can be applied again at any time; keeps every row.
${schemaStatements(options).join("\n")}
`;
}

/**
 * Creates the tables where they are missing. Does what `calbridge schema --dialect sqlite` prints. Several processes may
 * call it at once.
 *
 * @throws `CalStoreError` if the database refuses.
 */
export async function createSchema(
  database: SqliteDatabase,
  options: SqliteSchemaOptions = {},
): Promise<void> {
  const { exec } = sqliteDriver(database);
  const statements = schemaStatements(options);
  await withSqliteErrors("create the tables", () => exec(statements));
}

/** The statements that create the tables. Instants are milliseconds since 1970. STRICT, so that SQLite keeps nothing of another type. */
export function schemaStatements(options: SqliteSchemaOptions): string[] {
  const { table, entryTable, columns: c } = quoteNames(options);
  const { table: tableName = defaultTable, entryTable: entryName = `${tableName}Entry`, users } = options;
  const names = columnNames(options.columns);
  const index = (name: string, on: string) => `IF NOT EXISTS ${quoteName(name, "index")} ON ${on};`;
  const reference = users
    ? ` REFERENCES ${quoteName(users.table, "table of users")} (${quoteName(users.column, "column of users")})`
    : "";

  return [
    `CREATE TABLE IF NOT EXISTS ${table} (
  ${c.id} INTEGER PRIMARY KEY,
  ${c.userId} TEXT NOT NULL${reference},
  ${c.calUserId} INTEGER NOT NULL,
  ${c.calServer} TEXT NOT NULL,
  ${c.calAccessToken} TEXT NOT NULL,
  ${c.calAccessTokenExpiresAt} INTEGER,
  ${c.calRefreshToken} TEXT,
  ${c.calRefreshTokenExpiresAt} INTEGER,
  ${c.details} TEXT,
  ${c.version} INTEGER NOT NULL,
  ${c.createdAt} INTEGER NOT NULL,
  ${c.updatedAt} INTEGER NOT NULL
) STRICT;`,
    `CREATE UNIQUE INDEX ${index(`${tableName}_${names.userId}_key`, `${table} (${c.userId})`)}`,
    `CREATE UNIQUE INDEX ${index(
      `${tableName}_${names.calServer}_${names.calUserId}_key`,
      `${table} (${c.calServer}, ${c.calUserId})`,
    )}`,
    `CREATE TABLE IF NOT EXISTS ${entryTable} (
  "key" TEXT PRIMARY KEY NOT NULL,
  "value" TEXT NOT NULL,
  "expiresAt" INTEGER NOT NULL
) STRICT;`,
    `CREATE INDEX ${index(`${entryName}_expiresAt_idx`, `${entryTable} ("expiresAt")`)}`,
    ...(options.connections === true ? connectionTableStatements(options.connectionTable) : []),
  ];
}
