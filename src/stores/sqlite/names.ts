import { CalValidationError } from "../../errors.js";
import {
  columnKeys,
  columnNames,
  defaultTable,
  type TokenColumnNames,
  type TokenColumns,
} from "../columns.js";

/** What the tables and their columns are called. */
export interface SqliteTableOptions {
  /**
   * The token table's name.
   * @defaultValue `CalendarIntegration`
   */
  table?: string | undefined;
  /**
   * The name of the second table, for leases and connection attempts.
   * @defaultValue the token table's name followed by `Entry`: `CalendarIntegrationEntry`
   */
  entryTable?: string | undefined;
  /** Columns of the token table that have other names. */
  columns?: TokenColumnNames | undefined;
}

/** The names of the two tables, quoted for SQL. */
export interface QuotedNames {
  table: string;
  entryTable: string;
  columns: Readonly<TokenColumns>;
}

/** Quotes a name, so that it is never anything but a name. */
export function quoteName(name: string, what: string): string {
  if (typeof name !== "string" || name === "") throw new CalValidationError(`The ${what} needs a name.`);
  if (name.includes("\0") || !name.isWellFormed()) {
    throw new CalValidationError(
      `The name of the ${what} contains a character that SQLite can't store in a name.`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes the names of both tables and of the token table's columns. */
export function quoteNames({ table = defaultTable, entryTable, columns }: SqliteTableOptions): QuotedNames {
  const quoted = columnNames(columns);
  for (const key of columnKeys) quoted[key] = quoteName(quoted[key], `column for ${key}`);
  return {
    table: quoteName(table, "table"),
    entryTable: quoteName(entryTable ?? `${table}Entry`, "table of leases and attempts"),
    columns: quoted,
  };
}
