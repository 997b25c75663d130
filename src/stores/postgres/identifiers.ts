import { withoutUndefined, type Optional } from "../../lib/optional.js";
import { CalValidationError } from "../../errors.js";
import { defaultColumns, defaultTable, type TokenColumns } from "../columns.js";

// Postgres cuts longer names short without an error, so two of them can turn into one.
const MAX_IDENTIFIER_BYTES = 63;

/** The names of a token table, quoted for SQL. */
export interface QuotedNames {
  /** The table, with its schema if one was given. */
  table: string;
  columns: Readonly<TokenColumns>;
}

/** Where the table is and what its columns are called. */
export interface TableOptions {
  /** The table's schema. Default: whatever the connection's `search_path` finds. */
  schema?: string | undefined;
  /** The table's name, in the case it was created with. Default: `CalendarIntegration`. */
  table?: string | undefined;
  /** Columns that are called something else. */
  columns?: Optional<TokenColumns> | undefined;
}

/** Quotes a name, so that it is never anything but a name. */
export function quoteIdentifier(name: string, what: string): string {
  if (typeof name !== "string" || name === "") throw new CalValidationError(`The ${what} needs a name.`);
  if (name.includes("\0") || !name.isWellFormed()) {
    throw new CalValidationError(`The name of the ${what} holds a character that Postgres can't store.`);
  }
  if (new TextEncoder().encode(name).length > MAX_IDENTIFIER_BYTES) {
    throw new CalValidationError(
      `The name of the ${what} is longer than the ${MAX_IDENTIFIER_BYTES} bytes Postgres keeps.`,
    );
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** Quotes the table's and its columns' names. */
export function quoteNames({ schema, table = defaultTable, columns = {} }: TableOptions): QuotedNames {
  const names = { ...defaultColumns, ...withoutUndefined(columns) };
  const quoted = Object.fromEntries(
    Object.entries(names).map(([column, name]) => [column, quoteIdentifier(name, `column for ${column}`)]),
  );
  return {
    table:
      (schema === undefined ? "" : `${quoteIdentifier(schema, "schema")}.`) + quoteIdentifier(table, "table"),
    columns: { ...defaultColumns, ...quoted },
  };
}
