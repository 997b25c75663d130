import { defaultColumns } from "../../stores/columns.js";
import { quoteNames, type TableOptions } from "../../stores/postgres/identifiers.js";
import type { Database } from "./database.js";
import { ok, wrong, type Finding } from "./finding.js";

const migrate = "Run `npx calbridge schema` and apply what it prints.";

/** Looks at the token table: its columns, its unique index, and what the role may do with it. */
export async function checkTable(database: Database, options: TableOptions): Promise<Finding[]> {
  const { table } = quoteNames(options);
  const name = options.table ?? "CalendarIntegration";
  const [found] = await ask(database, `SELECT to_regclass($1)::text AS table`, [table]);
  if (found?.["table"] === null) {
    return [
      wrong(
        `There is no table "${name}" in the database.`,
        `${migrate} If yours has another name: --table, --schema.`,
      ),
    ];
  }

  const columns = await ask(
    database,
    `SELECT attname AS name FROM pg_attribute WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped`,
    [table],
  );
  const present = new Set(columns.map((column) => column["name"]));
  const missing = Object.values(defaultColumns).filter((column) => !present.has(column));
  if (missing.length > 0) {
    return [
      wrong(`The table "${name}" lacks ${missing.map((column) => `"${column}"`).join(", ")}.`, migrate),
    ];
  }
  return [
    ok(`The table "${name}" has all its columns.`),
    ...(await checkIndex(database, table, name)),
    ...(await checkPrivileges(database, table, name)),
  ];
}

async function checkIndex(database: Database, table: string, name: string): Promise<Finding[]> {
  const indexes = await ask(
    database,
    `SELECT FROM pg_index JOIN pg_attribute ON attrelid = indrelid AND attnum = indkey[0]
     WHERE indrelid = to_regclass($1) AND attname = $2
       AND indisunique AND indisvalid AND indnkeyatts = 1 AND indpred IS NULL`,
    [table, defaultColumns.userId],
  );
  if (indexes.length > 0) return [];
  const text = `The table "${name}" has no unique index on "${defaultColumns.userId}": two first writes at once make two rows.`;
  return [wrong(text, migrate)];
}

async function checkPrivileges(database: Database, table: string, name: string): Promise<Finding[]> {
  const privileges = ["SELECT", "INSERT", "UPDATE", "DELETE"];
  const granted = await ask(
    database,
    `SELECT privilege FROM unnest($2::text[]) AS privilege WHERE has_table_privilege(to_regclass($1), privilege)`,
    [table, privileges],
  );
  const has = new Set(granted.map((row) => row["privilege"]));
  const lacking = privileges.filter((privilege) => !has.has(privilege));
  if (lacking.length === 0) return [];
  return [wrong(`The role of DATABASE_URL may not ${lacking.join(", ")} in "${name}".`, "GRANT it.")];
}

async function ask(database: Database, text: string, values: unknown[]): Promise<Record<string, unknown>[]> {
  return (await database.query(text, values)).rows;
}
