import type { TokenColumns } from "../../stores/columns.js";
import { quoteIdentifier } from "../../stores/postgres/identifiers.js";
import type { ColumnType } from "./column-types.js";
import type { Database } from "./database.js";
import { note, wrong, type Finding } from "./finding.js";
import { hasUniqueIndex } from "./unique-index.js";

interface Table {
  name: string;
  quoted: string;
  types: ReadonlyMap<string, ColumnType>;
  columns: TokenColumns;
  quotedColumns: TokenColumns;
}

/** Shared Cal.com users that are listed, at most. */
const MAX_LISTED = 5;

/** Checks the rows: Cal.com users that several users have, rows without a user, soft-deleted rows. */
export async function checkRows(database: Database, table: Table): Promise<Finding[]> {
  return [
    ...(await checkCalUsers(database, table)),
    ...(await checkRowsWithoutUser(database, table)),
    ...(await checkSoftDelete(database, table)),
  ];
}

async function checkCalUsers(database: Database, table: Table): Promise<Finding[]> {
  const { name, quoted, columns, quotedColumns: c } = table;
  if (await hasUniqueIndex(database, quoted, [columns.calServer, columns.calUserId])) return [];
  const { rows } = await database.query(
    `SELECT ${c.calUserId} AS cal_user, count(*) OVER () AS total,
       array_agg(coalesce(${c.userId}::text, '(a row without a user)') ORDER BY ${c.id}) AS users
     FROM ${quoted} GROUP BY ${c.calServer}, ${c.calUserId} HAVING count(*) > 1 ORDER BY ${c.calUserId} LIMIT ${MAX_LISTED}`,
  );
  if (rows.length === 0) {
    const text = `The table "${name}" has no unique index on "${columns.calServer}", "${columns.calUserId}": two users could get one Cal.com user.`;
    return [wrong(text, "Run `npx calbridge schema` and apply what it prints.")];
  }
  const total = Number(rows[0]?.["total"]);
  const listed = rows.map(
    (row) => `Cal.com user ${String(row["cal_user"])}: ${(row["users"] as string[]).slice(0, 10).join(", ")}`,
  );
  const more = total > rows.length ? [`... and ${total - rows.length} more`] : [];
  return [
    wrong(
      total === 1
        ? "One Cal.com user belongs to several users."
        : `${total} Cal.com users belong to several users.`,
      [
        ...listed,
        ...more,
        "Each of them reads and changes the others' calendars. Keep one user for each: move its row with",
        "cal.reassignUser(from, to), or delete the other rows. Then apply `npx calbridge schema` again.",
      ].join("\n"),
    ),
  ];
}

async function checkRowsWithoutUser(database: Database, table: Table): Promise<Finding[]> {
  const { name, quoted, columns, quotedColumns: c } = table;
  const count = await countOf(database, quoted, `${c.userId} IS NULL`);
  if (count === 0) return [];
  return [
    note(
      `${rowsOf(count)} of "${name}" ${count === 1 ? "has" : "have"} no "${columns.userId}": no user can have ${count === 1 ? "its" : "their"} Cal.com user.`,
      `Delete such rows: DELETE FROM ${quoted} WHERE ${c.userId} IS NULL`,
    ),
  ];
}

/** calbridge reads every row, and a row that an extension of the ORM hides is still in the way of its user. */
async function checkSoftDelete(database: Database, table: Table): Promise<Finding[]> {
  const { name, quoted, types } = table;
  const column = [...types.keys()].find((key) =>
    /^(is_?)?(soft_?)?deleted(_?(at|on|date|time))?$/i.test(key),
  );
  const type = types.get(column ?? "")?.name;
  if (column === undefined || type === undefined) return [];
  const id = quoteIdentifier(column, "column");
  const count = await countOf(database, quoted, type === "boolean" ? id : `${id} IS NOT NULL`);
  const text = `Soft delete is not supported, and "${name}" has a column "${column}"`;
  if (count === 0) {
    return [note(`${text}.`, "Rows must be deleted: calbridge reads every row that is in the table.")];
  }
  return [
    wrong(
      `${text}: ${rowsOf(count)} ${count === 1 ? "is" : "are"} marked as deleted.`,
      `calbridge reads them, and their users can't be created again. Delete them: DELETE FROM ${quoted} WHERE ${type === "boolean" ? id : `${id} IS NOT NULL`}`,
    ),
  ];
}

async function countOf(database: Database, table: string, condition: string): Promise<number> {
  const { rows } = await database.query(`SELECT count(*) AS n FROM ${table} WHERE ${condition}`);
  return Number(rows[0]?.["n"]);
}

function rowsOf(count: number): string {
  return count === 1 ? "1 row" : `${count} rows`;
}
