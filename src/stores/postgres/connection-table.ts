import { defaultConnectionTable } from "../columns.js";
import { nameWithEnding, qualify, quoteIdentifier } from "./identifiers.js";

/** Where the table of connections is. */
export interface ConnectionTableOptions {
  /**
   * The table's schema.
   * @defaultValue none: the connection's `search_path` decides
   */
  schema?: string | undefined;
  /**
   * The table's name, in the case it was created with.
   * @defaultValue `CalendarConnectionState`
   */
  table?: string | undefined;
}

/** The table's name, quoted for SQL. */
export function connectionTableName({
  schema,
  table = defaultConnectionTable,
}: ConnectionTableOptions): string {
  return qualify(schema, table, "table of connections");
}

/** SQL that makes the table, and the index by which those who are due are found. Can be applied again at any time. */
export function createConnectionTable(options: ConnectionTableOptions): string {
  const name = connectionTableName(options);
  const index = nameWithEnding(options.table ?? defaultConnectionTable, "_dueAt_idx");
  return `CREATE TABLE IF NOT EXISTS ${name} (
  "userId" TEXT PRIMARY KEY,
  "details" TEXT,
  "dueAt" TIMESTAMPTZ NOT NULL,
  "claimedUntil" TIMESTAMPTZ,
  "version" INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS ${quoteIdentifier(index, "index")} ON ${name} ("dueAt");`;
}
