import { columnKeys, columnNames, defaultTable, type TokenColumns } from "../../stores/columns.js";
import { entryTableName, quoteNames, type TableOptions } from "../../stores/postgres/identifiers.js";
import { checkColumnTypes, type ColumnType } from "./column-types.js";
import type { Database, DatabaseRow } from "./database.js";
import { ok, wrong, type Finding } from "./finding.js";
import { checkRows } from "./rows.js";
import { hasUniqueIndex } from "./unique-index.js";

const migrate = "Run `npx calbridge schema` and apply what it prints.";

/** A table, as it is called in messages and in SQL. */
interface TableName {
  name: string;
  quoted: string;
}

/**
 * Checks both tables: their columns, the columns' types, the unique indexes, what the role may do with them, and the
 * rows that calbridge can't work with.
 */
export async function checkTables(database: Database, options: TableOptions): Promise<Finding[]> {
  const quoted = quoteNames(options);
  const columns = columnNames(options.columns);
  const tokens = { name: options.table ?? defaultTable, quoted: quoted.table };
  const entries = { name: entryTableName(options), quoted: quoted.entryTable };

  const tokenTypes = await typesOf(database, tokens);
  if (!tokenTypes) {
    const help = `${migrate} If yours has another name: --table, --schema.`;
    return [wrong(`There is no table "${tokens.name}" in the database.`, help)];
  }
  const needed = columnKeys.map((key) => columns[key]);
  const missing = missingIn(tokens, tokenTypes, needed);
  if (missing) return [{ ...missing, help: `${migrate} If they have other names: --columns.` }];

  const entryTypes = await typesOf(database, entries);
  if (!entryTypes) {
    return [wrong(`There is no table "${entries.name}", for leases and connection attempts.`, migrate)];
  }
  const missingEntry = missingIn(entries, entryTypes, ["key", "value", "expiresAt"]);
  if (missingEntry) return [missingEntry];

  return [
    ok(`The tables "${tokens.name}" and "${entries.name}" have all their columns.`),
    ...checkColumnTypes({ ...tokens, types: tokenTypes, columns }, { ...entries, types: entryTypes }),
    ...(await checkUserIndex(database, tokens, columns)),
    ...(await checkEntryIndex(database, entries)),
    ...(await checkRows(database, { ...tokens, types: tokenTypes, columns, quotedColumns: quoted.columns })),
    ...(await checkPrivileges(database, tokens)),
    ...(await checkPrivileges(database, entries)),
  ];
}

async function typesOf(
  database: Database,
  { quoted }: TableName,
): Promise<Map<string, ColumnType> | undefined> {
  const rows = await select(
    database,
    `SELECT attname AS name, format_type(atttypid, NULL) AS type, format_type(atttypid, atttypmod) AS full_type,
       coalesce(NOT collisdeterministic, false) AS is_inexact
     FROM pg_attribute LEFT JOIN pg_collation ON pg_collation.oid = attcollation
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [quoted],
  );
  if (rows.length === 0) return undefined;
  return new Map(
    rows.map((row) => [
      String(row["name"]),
      {
        name: String(row["type"]),
        full: String(row["full_type"]),
        isInexact: row["is_inexact"] === true,
      },
    ]),
  );
}

function missingIn(
  { name }: TableName,
  present: Map<string, unknown>,
  needed: readonly string[],
): Finding | undefined {
  const missing = needed.filter((column) => !present.has(column)).map((column) => `"${column}"`);
  return missing.length === 0
    ? undefined
    : wrong(`The table "${name}" lacks ${missing.join(", ")}.`, migrate);
}

async function checkUserIndex(
  database: Database,
  { name, quoted }: TableName,
  columns: TokenColumns,
): Promise<Finding[]> {
  if (await hasUniqueIndex(database, quoted, [columns.userId])) return [];
  const text = `The table "${name}" has no unique index on "${columns.userId}": two first writes at once make two rows.`;
  return [wrong(text, migrate)];
}

async function checkEntryIndex(database: Database, { name, quoted }: TableName): Promise<Finding[]> {
  if (await hasUniqueIndex(database, quoted, ["key"])) return [];
  return [wrong(`The table "${name}" has no primary key on "key": no lease can be acquired.`, migrate)];
}

async function checkPrivileges(database: Database, { name, quoted }: TableName): Promise<Finding[]> {
  const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE"];
  const granted = await select(
    database,
    `SELECT privilege FROM unnest($2::text[]) AS privilege WHERE has_table_privilege(to_regclass($1), privilege)`,
    [quoted, privileges],
  );
  const has = new Set(granted.map((row) => row["privilege"]));
  const lacking = privileges.filter((privilege) => !has.has(privilege));
  if (lacking.length === 0) return [];
  return [wrong(`The role of DATABASE_URL may not ${lacking.join(", ")} in "${name}".`, "GRANT it.")];
}

async function select(database: Database, text: string, values: unknown[]): Promise<DatabaseRow[]> {
  return (await database.query(text, values)).rows;
}
