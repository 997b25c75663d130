import { CalValidationError } from "../../errors.js";
import {
  columnKeys,
  columnNames,
  defaultTable,
  type TokenColumnNames,
  type TokenColumns,
} from "../columns.js";

// Postgres cuts longer names without an error, so two of them can become one.
const MAX_IDENTIFIER_BYTES = 63;

/** The names of the two tables, quoted for SQL. */
export interface QuotedNames {
  /** The token table, with its schema if one was given. */
  table: string;
  /** The table of leases and attempts, with its schema if one was given. */
  entryTable: string;
  columns: Readonly<TokenColumns>;
}

/** Where the tables are and what their columns are called. */
export interface TableOptions {
  /**
   * The schema of both tables.
   * @defaultValue none: the connection's `search_path` decides
   */
  schema?: string | undefined;
  /**
   * The token table's name, in the case it was created with.
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

/** Quotes a name, so that it is never anything but a name. */
export function quoteIdentifier(name: string, what: string): string {
  if (typeof name !== "string" || name === "") throw new CalValidationError(`The ${what} needs a name.`);
  if (name.includes("\0") || !name.isWellFormed()) {
    throw new CalValidationError(
      `The name of the ${what} contains a character that Postgres can't store in a name.`,
    );
  }
  if (byteLength(name) > MAX_IDENTIFIER_BYTES) {
    throw new CalValidationError(
      `The name of the ${what} is longer than the ${MAX_IDENTIFIER_BYTES} bytes that Postgres allows.`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes a name with its schema, if there is one. */
export function qualify(schema: string | undefined, name: string, what: string): string {
  return (schema === undefined ? "" : `${quoteIdentifier(schema, "schema")}.`) + quoteIdentifier(name, what);
}

/** Quotes a value, for statements that take no parameters. */
export function quoteLiteral(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name with an ending, cut to what Postgres allows. */
export function nameWithEnding(name: string, ending: string): string {
  const letters = Array.from(name);
  while (byteLength(letters.join("") + ending) > MAX_IDENTIFIER_BYTES) letters.pop();
  return letters.join("") + ending;
}

/** The name of the table of leases and attempts. */
export function entryTableName({ table = defaultTable, entryTable }: TableOptions): string {
  return entryTable ?? nameWithEnding(table, "Entry");
}

/** Quotes the names of both tables and of the token table's columns. */
export function quoteNames(options: TableOptions): QuotedNames {
  const { schema, table = defaultTable } = options;
  const names = columnNames(options.columns);
  const columns = { ...names };
  for (const key of columnKeys) columns[key] = quoteIdentifier(names[key], `column for ${key}`);
  return {
    table: qualify(schema, table, "table"),
    entryTable: qualify(schema, entryTableName(options), "table of leases and attempts"),
    columns,
  };
}

function byteLength(text: string): number {
  return new TextEncoder().encode(text).length;
}
