import { columnNames, defaultTable } from "../columns.js";
import type { UserIdType } from "../user-id-type.js";
import { createConnectionTable } from "./connection-table.js";
import {
  entryTableName,
  nameWithEnding,
  qualify,
  quoteIdentifier,
  quoteLiteral,
  quoteNames,
  type QuotedNames,
  type TableOptions,
} from "./identifiers.js";
import { checkUsers, referenceTo, type UserReference } from "./user-reference.js";

/** Options of `createSchema` and `schemaSql`. */
export interface SchemaOptions extends TableOptions {
  /**
   * The application's table of users, which a new token table refers to.
   * @defaultValue none
   */
  users?: UserReference | undefined;
  /**
   * The type of the column of user ids in a new token table: that of the application's own column.
   * @defaultValue `TEXT`
   */
  userIdType?: UserIdType | undefined;
  /**
   * Whether the table of `postgresConnectionStore` is made too.
   * @defaultValue `false`
   */
  connections?: boolean | undefined;
  /**
   * The name of that table.
   * @defaultValue `CalendarConnectionState`
   */
  connectionTable?: string | undefined;
}

/** The pieces that the printed script and `createSchema` are made of. PL/pgSQL is marked; the rest is SQL. */
export interface SchemaParts {
  /** PL/pgSQL. Needs the variable `calbridge_text`. */
  checkUsers: string;
  createTable: string;
  addColumns: string;
  createEntryTable: string;
  createEntryIndex: string;
  /** Empty if it was not asked for. */
  createConnectionTable: string;
  /** PL/pgSQL. Needs the variable `calbridge_count`. */
  moveDuplicates: string;
  /** PL/pgSQL. */
  dropBrokenUserIndex: string;
  /** What follows `CREATE UNIQUE INDEX [CONCURRENTLY]`. */
  userIndex: string;
  /** PL/pgSQL. Needs the variables `calbridge_count` and `calbridge_row`. */
  reportSharedCalUsers: string;
  /** What follows `CREATE UNIQUE INDEX [CONCURRENTLY]`. Does nothing if {@link reportSharedCalUsers} found some. */
  calUserIndex: string;
}

/** Shared Cal.com users that are listed, at most. */
const MAX_LISTED = 20;

/** Makes the pieces for the given names. */
export function schemaParts(options: SchemaOptions): SchemaParts {
  const names = quoteNames(options);
  const { table, entryTable, columns: c } = names;
  const { schema, table: tableName = defaultTable, userIdType = "TEXT" } = options;
  const unquoted = columnNames(options.columns);
  // The names that Prisma, too, gives to such indexes, so that existing ones are kept.
  const userIndex = nameWithEnding(`${tableName}_${unquoted.userId}`, "_key");
  const calUserIndex = nameWithEnding(`${tableName}_${unquoted.calServer}_${unquoted.calUserId}`, "_key");
  const entryIndex = quoteIdentifier(nameWithEnding(entryTableName(options), "_expiresAt_idx"), "index");
  const onCalUsers = `${quoteIdentifier(calUserIndex, "index")} ON ${table} (${c.calServer}, ${c.calUserId})`;

  return {
    checkUsers: checkUsers(table, options.users, userIdType),
    createTable: `CREATE TABLE IF NOT EXISTS ${table} (
  ${c.id} SERIAL PRIMARY KEY,
  ${c.userId} ${userIdType}${referenceTo(options.users)},
  ${c.calAccessToken} TEXT NOT NULL,
  ${c.calAccessTokenExpiresAt} TIMESTAMPTZ,
  ${c.calRefreshToken} TEXT,
  ${c.calUserId} INTEGER NOT NULL,
  ${c.createdAt} TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  ${c.updatedAt} TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  ${c.calRefreshTokenExpiresAt} TIMESTAMPTZ,
  ${c.version} INTEGER NOT NULL DEFAULT 0,
  ${c.calServer} TEXT NOT NULL DEFAULT '',
  ${c.details} TEXT
);`,
    addColumns: `ALTER TABLE ${table}
  ADD COLUMN IF NOT EXISTS ${c.calRefreshTokenExpiresAt} TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS ${c.version} INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ${c.calServer} TEXT NOT NULL DEFAULT '',
  ADD COLUMN IF NOT EXISTS ${c.details} TEXT;`,
    createEntryTable: `CREATE TABLE IF NOT EXISTS ${entryTable} (
  "key" TEXT PRIMARY KEY,
  "value" TEXT NOT NULL,
  "expiresAt" TIMESTAMPTZ NOT NULL
);`,
    createEntryIndex: `CREATE INDEX IF NOT EXISTS ${entryIndex} ON ${entryTable} ("expiresAt");`,
    createConnectionTable:
      options.connections === true ? createConnectionTable({ schema, table: options.connectionTable }) : "",
    moveDuplicates: moveDuplicates(
      names,
      qualify(schema, nameWithEnding(tableName, "_duplicates"), "table of duplicates"),
    ),
    dropBrokenUserIndex: dropIndex(schema, userIndex, "NOT indisvalid"),
    userIndex: `IF NOT EXISTS ${quoteIdentifier(userIndex, "index")} ON ${table} (${c.userId});`,
    reportSharedCalUsers: reportSharedCalUsers(names, {
      placeholder: `CREATE INDEX IF NOT EXISTS ${onCalUsers};`,
      dropUnusable: dropIndex(schema, calUserIndex, "NOT (indisvalid AND indisunique)"),
      dropBroken: dropIndex(schema, calUserIndex, "NOT indisvalid"),
    }),
    calUserIndex: `IF NOT EXISTS ${onCalUsers};`,
  };
}

/** PL/pgSQL that drops an index which would be taken for the one that is to be built. */
function dropIndex(schema: string | undefined, name: string, condition: string): string {
  const index = qualify(schema, name, "index");
  return `IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(${quoteLiteral(index)}) AND ${condition})
    THEN DROP INDEX ${index}; END IF;`;
}

function moveDuplicates({ table, columns: c }: QuotedNames, archive: string): string {
  return `IF EXISTS (SELECT FROM ${table} WHERE ${c.userId} IS NOT NULL GROUP BY ${c.userId} HAVING count(*) > 1) THEN
    LOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE;
    CREATE TABLE IF NOT EXISTS ${archive} ("movedAt" TIMESTAMPTZ NOT NULL DEFAULT CURRENT_TIMESTAMP, "row" JSONB NOT NULL);
    WITH ranked AS (
      SELECT ${c.id}, row_number() OVER (
        PARTITION BY ${c.userId} ORDER BY ${c.updatedAt} DESC NULLS LAST, ${c.id} DESC
      ) AS place
      FROM ${table} WHERE ${c.userId} IS NOT NULL
    ), older AS (
      DELETE FROM ${table} AS old USING ranked WHERE old.${c.id} = ranked.${c.id} AND ranked.place > 1
      RETURNING to_jsonb(old) AS "row"
    )
    INSERT INTO ${archive} ("row") SELECT "row" FROM older;
    GET DIAGNOSTICS calbridge_count = ROW_COUNT;
    RAISE NOTICE '% older rows of users with several were moved to another table. They contain tokens: drop the table of duplicates after you have looked at it.', calbridge_count;
  END IF;`;
}

/**
 * Lists the Cal.com users that several rows have. Then an index that is not unique takes the name of the unique one,
 * so that CREATE UNIQUE INDEX IF NOT EXISTS does nothing: SQL has no condition for a statement that can't be run in a block.
 */
function reportSharedCalUsers(
  { table, columns: c }: QuotedNames,
  { placeholder, dropUnusable, dropBroken }: Record<"placeholder" | "dropUnusable" | "dropBroken", string>,
): string {
  return `SELECT count(*) INTO calbridge_count FROM (
    SELECT FROM ${table} GROUP BY ${c.calServer}, ${c.calUserId} HAVING count(*) > 1
  ) AS shared;
  IF calbridge_count = 0 THEN
    ${dropUnusable}
  ELSE
    FOR calbridge_row IN
      SELECT ${c.calUserId} AS cal_user, string_agg(coalesce(${c.userId}::text, '(a row without a user)'), ', ' ORDER BY ${c.id}) AS users
      FROM ${table} GROUP BY ${c.calServer}, ${c.calUserId} HAVING count(*) > 1 ORDER BY ${c.calUserId} LIMIT ${MAX_LISTED}
    LOOP
      RAISE NOTICE 'Cal.com user % belongs to several users: %', calbridge_row.cal_user, left(calbridge_row.users, 500);
    END LOOP;
    RAISE NOTICE '% Cal.com users belong to several users, so the unique index on them was left out. Resolve each with cal.reassignUser(from, to), or delete one of its rows. Then apply this again.', calbridge_count;
    ${dropBroken}
    ${placeholder}
  END IF;`;
}
