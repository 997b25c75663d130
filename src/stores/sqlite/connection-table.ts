import { defaultConnectionTable } from "../columns.js";
import { quoteName } from "./names.js";

/** The name of the table of connections, quoted for SQL. */
export function connectionTableName(table: string = defaultConnectionTable): string {
  return quoteName(table, "table of connections");
}

/** The statements that create the table, and the index by which those who are due are found. */
export function connectionTableStatements(table: string = defaultConnectionTable): string[] {
  const name = connectionTableName(table);
  return [
    `CREATE TABLE IF NOT EXISTS ${name} (
  "userId" TEXT PRIMARY KEY NOT NULL,
  "details" TEXT,
  "dueAt" INTEGER NOT NULL,
  "claimedUntil" INTEGER,
  "version" INTEGER NOT NULL
) STRICT;`,
    `CREATE INDEX IF NOT EXISTS ${quoteName(`${table}_dueAt_idx`, "index")} ON ${name} ("dueAt");`,
  ];
}
