import { isCalError } from "../../errors.js";
import { quoteIdentifier, quoteNames, type QuotedNames, type TableOptions } from "./identifiers.js";
import { defaultColumns, defaultTable } from "../columns.js";
import { statementRunner, type PostgresClient } from "./client.js";
import { postgresError } from "./errors.js";

/** The application's own table of users, that the token table refers to. */
export interface UserReference {
  /** The table's schema. Default: whatever the connection's `search_path` finds. */
  schema?: string | undefined;
  /** The table of users, such as `User`. */
  table: string;
  /** Its column with the ids that are passed as `userId`, such as `ulid`. It must be unique. */
  column: string;
}

/** Options of {@link createSchema} and {@link schemaSql}. */
export interface SchemaOptions extends TableOptions {
  /** The table of users that a new token table refers to. Default: it refers to none. */
  users?: UserReference | undefined;
}

/** The pieces that the printed script and `createSchema` are put together from. */
interface SchemaParts {
  createTable: string;
  addColumns: string;
  /** PL/pgSQL; needs the variable `calbridge_moved`. */
  moveDuplicates: string;
  /** PL/pgSQL. */
  dropBrokenIndex: string;
  /** What comes behind `CREATE UNIQUE INDEX [CONCURRENTLY]`. */
  index: string;
}

function schemaParts(options: SchemaOptions): SchemaParts {
  const names = quoteNames(options);
  const { table, columns: c } = names;
  const tableName = options.table ?? defaultTable;
  const userColumn = options.columns?.userId ?? defaultColumns.userId;
  const inSchema = options.schema === undefined ? "" : `${quoteIdentifier(options.schema, "schema")}.`;
  // The name that both Postgres and Prisma give to such an index, so that one that is there is kept.
  const index = quoteIdentifier(cut(`${tableName}_${userColumn}`, "_key"), "index");
  const archive = inSchema + quoteIdentifier(cut(tableName, "_duplicates"), "table of duplicates");

  return {
    createTable: `CREATE TABLE IF NOT EXISTS ${table} (
  ${c.id} SERIAL PRIMARY KEY,
  ${c.userId} TEXT${referenceTo(options.users)},
  ${c.calAccessToken} TEXT NOT NULL,
  ${c.calAccessTokenExpiresAt} TIMESTAMPTZ,
  ${c.calRefreshToken} TEXT,
  ${c.calUserId} INTEGER NOT NULL,
  ${c.createdAt} TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  ${c.updatedAt} TIMESTAMPTZ DEFAULT CURRENT_TIMESTAMP,
  ${c.calRefreshTokenExpiresAt} TIMESTAMPTZ,
  ${c.version} INTEGER NOT NULL DEFAULT 0,
  ${c.leaseOwner} TEXT,
  ${c.leaseEndsAt} TIMESTAMPTZ
);`,
    addColumns: `ALTER TABLE ${table}
  ADD COLUMN IF NOT EXISTS ${c.calRefreshTokenExpiresAt} TIMESTAMPTZ,
  ADD COLUMN IF NOT EXISTS ${c.version} INTEGER NOT NULL DEFAULT 0,
  ADD COLUMN IF NOT EXISTS ${c.leaseOwner} TEXT,
  ADD COLUMN IF NOT EXISTS ${c.leaseEndsAt} TIMESTAMPTZ;`,
    moveDuplicates: moveDuplicates(names, archive),
    dropBrokenIndex: `IF EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass(${literal(inSchema + index)}) AND NOT indisvalid) THEN
    DROP INDEX ${inSchema}${index};
  END IF;`,
    index: `IF NOT EXISTS ${index} ON ${table} (${c.userId});`,
  };
}

/**
 * The SQL that makes the token table, or turns the eight-column table that applications already have into
 * it. It can be applied again at any time and keeps every row.
 *
 * @param options.inTransaction For tools that wrap a migration in a transaction, where Postgres can't build
 * an index concurrently: writes to the table then wait while the index is built. Default: `false`.
 */
export function schemaSql(options: SchemaOptions & { inTransaction?: boolean | undefined } = {}): string {
  const { inTransaction = false } = options;
  const parts = schemaParts(options);
  const { table } = quoteNames(options);
  return `-- The token table of calbridge. Can be applied again at any time; keeps every row.
${
  inTransaction
    ? "-- Made to run inside a transaction: writes to the table wait until it ends.\n"
    : "-- Apply it outside of a transaction (psql does), since the index is built concurrently.\n"
}
-- Rather give up and be run again than make the application's queries wait behind this one.
SET ${inTransaction ? "LOCAL " : ""}lock_timeout = '5s';

-- A new application's table. Does nothing where there is one.${
    options.users
      ? "\n-- It refers to the table of your users. Another: --user-table, --user-column. None: --no-user-table."
      : ""
  }
${parts.createTable}

-- The columns that an existing table lacks. Their defaults are constants, so no row is rewritten.
${parts.addColumns}
${inTransaction ? `\nLOCK TABLE ${table} IN SHARE ROW EXCLUSIVE MODE;\n` : ""}
-- One row for each user: the newest stays, older ones are moved aside. Does nothing where there are none.
${doBlock(`DECLARE
  calbridge_moved BIGINT;
BEGIN
  ${parts.moveDuplicates}
END`)};

-- An index whose concurrent build failed would be taken for the real one.
${doBlock(`BEGIN
  ${parts.dropBrokenIndex}
END`)};
${
  inTransaction
    ? ""
    : `
RESET lock_timeout;

-- Fails if another process has just written a duplicate: then apply this script once more.`
}
CREATE UNIQUE INDEX ${inTransaction ? "" : "CONCURRENTLY "}${parts.index}
`;
}

/**
 * Makes the token table, or brings an existing one up to date: for tests and small applications. What it
 * does is what `calbridge schema --sql` prints, in one transaction. Several processes may call it at once.
 *
 * Rejects with `CalStoreError` if the database refuses.
 */
export async function createSchema(client: PostgresClient, options: SchemaOptions = {}): Promise<void> {
  const parts = schemaParts(options);
  const run = statementRunner(client);
  try {
    await run(
      doBlock(`DECLARE
  calbridge_moved BIGINT;
BEGIN
  PERFORM set_config('client_min_messages', 'warning', true);
  PERFORM pg_advisory_xact_lock(hashtext('calbridge.createSchema'));
  ${parts.createTable}
  ${parts.addColumns}
  ${parts.moveDuplicates}
  ${parts.dropBrokenIndex}
  CREATE UNIQUE INDEX ${parts.index}
END`),
    );
  } catch (error) {
    // Whatever the driver throws, such as a role that may not create tables.
    throw isCalError(error) ? error : postgresError("create the token table", error, []);
  }
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
    GET DIAGNOSTICS calbridge_moved = ROW_COUNT;
    RAISE NOTICE '% older rows of users with several were moved aside. They hold tokens: drop the table of duplicates once you have looked at it.', calbridge_moved;
  END IF;`;
}

function referenceTo(users: UserReference | undefined): string {
  if (users === undefined) return "";
  const inSchema = users.schema === undefined ? "" : `${quoteIdentifier(users.schema, "schema")}.`;
  const table = quoteIdentifier(users.table, "table of users");
  return ` REFERENCES ${inSchema}${table} (${quoteIdentifier(users.column, "column of users")})`;
}

/** Wraps PL/pgSQL in a DO block, with a quote that no name in it can end. */
function doBlock(body: string): string {
  let tag = "$calbridge$";
  for (let n = 1; body.includes(tag); n += 1) tag = `$calbridge${n}$`;
  return `DO ${tag}\n${body}\n${tag}`;
}

function literal(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name with an ending, cut to what Postgres keeps. */
function cut(name: string, ending: string): string {
  const encoder = new TextEncoder();
  const letters = Array.from(name);
  while (encoder.encode(letters.join("") + ending).length > 63) letters.pop();
  return letters.join("") + ending;
}
