import type { TokenColumns } from "../../stores/columns.js";
import { quoteIdentifier } from "../../stores/postgres/identifiers.js";
import { wrong, type Finding } from "./finding.js";

/** The type of a column. */
export interface ColumnType {
  /** Without its length. */
  name: string;
  /** With its length, if it has one. */
  full: string;
  /** Whether its collation takes different texts for equal. */
  isInexact: boolean;
}

interface Table {
  name: string;
  quoted: string;
  types: ReadonlyMap<string, ColumnType>;
}

/** The characters that a column must be able to store: an encrypted token, and 6 kB of details. */
const MIN_LENGTHS = { calAccessToken: 4096, calRefreshToken: 4096, details: 6144 } as const;

/** Checks the types of columns whose type can be wrong without an error at once. */
export function checkColumnTypes(tokens: Table & { columns: TokenColumns }, entries: Table): Finding[] {
  return [
    ...checkUserIds(tokens, tokens.columns.userId),
    ...Object.entries(MIN_LENGTHS).flatMap(([key, minimum]) =>
      checkLength(tokens, tokens.columns[key as keyof typeof MIN_LENGTHS], minimum),
    ),
    ...checkLength(entries, "value", 8192),
    ...checkTimeZone(entries, "expiresAt"),
  ];
}

function checkUserIds({ name, quoted, types }: Table, column: string): Finding[] {
  const type = types.get(column);
  const isInexact = type?.isInexact === true || ["citext", "character"].includes(type?.name ?? "");
  if (!isInexact) return [];
  return [
    wrong(
      `The column "${column}" of "${name}" (${String(type?.full)}) takes different user ids for one another.`,
      `${alter(quoted, column)} TYPE TEXT COLLATE "default"`,
    ),
  ];
}

function checkLength({ name, quoted, types }: Table, column: string, minimum: number): Finding[] {
  const full = types.get(column)?.full ?? "";
  const [, length] = /^character(?: varying)?\((\d+)\)$/.exec(full) ?? [];
  if (length === undefined || Number(length) >= minimum) return [];
  return [
    wrong(
      `The column "${column}" of "${name}" (${full}) is too short: it must be able to store ${minimum} characters.`,
      `${alter(quoted, column)} TYPE TEXT`,
    ),
  ];
}

function checkTimeZone({ name, quoted, types }: Table, column: string): Finding[] {
  const full = types.get(column)?.full ?? "";
  if (full.endsWith("with time zone")) return [];
  return [
    wrong(
      `The column "${column}" of "${name}" (${full}) has no time zone: sessions in different zones would not agree on when a lease expires.`,
      `${alter(quoted, column)} TYPE TIMESTAMPTZ USING ${quoteIdentifier(column, "column")} AT TIME ZONE 'UTC'`,
    ),
  ];
}

function alter(table: string, column: string): string {
  return `ALTER TABLE ${table} ALTER COLUMN ${quoteIdentifier(column, "column")}`;
}
