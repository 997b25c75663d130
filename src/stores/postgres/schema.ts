import { CalStoreError, isCalError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";
import { statementRunner, type PostgresClient } from "./client.js";
import { codeOf, postgresError } from "./errors.js";
import { quoteNames } from "./identifiers.js";
import { schemaParts, type SchemaOptions, type SchemaParts } from "./schema-parts.js";

export type { SchemaOptions } from "./schema-parts.js";
export type { UserIdType } from "../user-id-type.js";
export type { UserReference } from "./user-reference.js";

/** The SQLSTATE of PL/pgSQL's RAISE EXCEPTION. */
const RAISED = "P0001";

/** Options of {@link schemaSql}. */
export interface SchemaSqlOptions extends SchemaOptions {
  /**
   * For tools that run a migration in a transaction, where Postgres can't build an index concurrently: queries of the
   * table then wait until the transaction ends.
   * @defaultValue `false`
   */
  inTransaction?: boolean | undefined;
}

/**
 * The SQL that makes the token table and the table of leases and attempts. It also migrates the table that applications
 * already have: the eight columns of a hand-written integration, or those of an earlier version. It can be applied again
 * at any time, and keeps every row.
 */
export function schemaSql(options: SchemaSqlOptions = {}): string {
  const { inTransaction = false, users } = options;
  const parts = schemaParts(options);
  const names = quoteNames(options);
  return `-- The tables of calbridge. Can be applied again at any time; keeps every row.
${
  inTransaction
    ? "-- Made to run inside a transaction: queries of the token table wait until it ends.\n"
    : "-- Apply it outside of a transaction, since the indexes are built concurrently.\n"
}
-- Gives up, to be run again, instead of making the application's queries wait behind it.
SET ${inTransaction ? "LOCAL " : ""}lock_timeout = '5s';
${
  users
    ? `
-- A new table refers to the table of your users. Another: --user-table, --user-column, --user-type. None: --no-user-table.
${block(parts.checkUsers, "calbridge_text TEXT")}
`
    : ""
}
-- A new application's table. Does nothing if it exists.
${parts.createTable}

-- The columns that an existing table lacks. Their defaults are constants, so no row is rewritten.
-- The columns "leaseOwner" and "leaseEndsAt" of earlier versions are no longer used: you can drop them.
${parts.addColumns}

-- Leases and connection attempts: text that expires.
${parts.createEntryTable}
${parts.createEntryIndex}
${parts.createConnectionTable && `\n-- What is known of users' connections. Holds no secret.\n${parts.createConnectionTable}\n`}${inTransaction ? `\nLOCK TABLE ${names.table} IN SHARE ROW EXCLUSIVE MODE;\n` : ""}
-- One row for each user: the newest stays, older ones are moved to a table of duplicates. Does nothing if there are none.
-- An index whose concurrent build failed would be taken for the real one.
${block(`${parts.moveDuplicates}\n  ${parts.dropBrokenUserIndex}`, "calbridge_count BIGINT")}

-- One user for each Cal.com user. If several users have one, this lists them as notices and changes none of them, and the
-- unique index on Cal.com users is left out. Resolve each with cal.reassignUser(from, to), or delete one of its rows, and
-- apply this script again. \`npx calbridge doctor\` lists them too.
${block(parts.reportSharedCalUsers, "calbridge_count BIGINT", "calbridge_row RECORD")}
${inTransaction ? "" : `\nRESET lock_timeout;\n\n-- These fail if another process has just written a duplicate: then apply this script again.`}
CREATE UNIQUE INDEX ${inTransaction ? "" : "CONCURRENTLY "}${parts.userIndex}
CREATE UNIQUE INDEX ${inTransaction ? "" : "CONCURRENTLY "}${parts.calUserIndex}
`;
}

/**
 * Makes both tables, or migrates existing ones: for tests and small applications. Does what `calbridge schema` prints,
 * in one transaction. Several processes may call it at once.
 *
 * @throws `CalStoreError` if the database refuses.
 */
export async function createSchema(client: PostgresClient, options: SchemaOptions = {}): Promise<void> {
  const run = statementRunner(client);
  try {
    await run(
      block(
        inOneBlock(schemaParts(options)),
        "calbridge_count BIGINT",
        "calbridge_row RECORD",
        "calbridge_text TEXT",
      ),
    );
  } catch (error) {
    if (isCalError(error)) throw error;
    // The script's own checks say what to do.
    if (codeOf(error) === RAISED) throw new CalStoreError(redactError(error).message);
    // Whatever the driver throws, such as a role that may not create tables.
    throw postgresError("create the token table", error, []);
  }
}

function inOneBlock(parts: SchemaParts): string {
  return `PERFORM set_config('client_min_messages', 'warning', true);
  PERFORM pg_advisory_xact_lock(hashtext('calbridge.createSchema'));
  ${parts.checkUsers}
  ${parts.createTable}
  ${parts.addColumns}
  ${parts.createEntryTable}
  ${parts.createEntryIndex}
  ${parts.createConnectionTable}
  ${parts.moveDuplicates}
  ${parts.dropBrokenUserIndex}
  ${parts.reportSharedCalUsers}
  CREATE UNIQUE INDEX ${parts.userIndex}
  CREATE UNIQUE INDEX ${parts.calUserIndex}`;
}

/** Wraps PL/pgSQL in a DO statement, with a quote that no name in it can end. */
function block(body: string, ...variables: string[]): string {
  let tag = "$calbridge$";
  for (let n = 1; body.includes(tag); n += 1) tag = `$calbridge${n}$`;
  const declarations = variables.map((variable) => `  ${variable};\n`).join("");
  return `DO ${tag}\nDECLARE\n${declarations}BEGIN\n  ${body}\nEND\n${tag};`;
}
