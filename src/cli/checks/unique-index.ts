import type { Database } from "./database.js";

/** Whether there is a unique index on exactly these columns, in any order. */
export async function hasUniqueIndex(
  database: Database,
  quotedTable: string,
  columns: readonly string[],
): Promise<boolean> {
  const { rows } = await database.query(
    `SELECT FROM pg_index
     WHERE indrelid = to_regclass($1) AND indisunique AND indisvalid AND indpred IS NULL AND indexprs IS NULL
       AND indnkeyatts = cardinality($2::text[]) AND NOT EXISTS (
         SELECT FROM unnest($2::text[]) AS wanted WHERE NOT EXISTS (
           SELECT FROM pg_attribute
           WHERE attrelid = indrelid AND attname = wanted AND attnum = ANY ((indkey::int2[])[0:indnkeyatts - 1])
         )
       )`,
    [quotedTable, columns],
  );
  return rows.length > 0;
}
