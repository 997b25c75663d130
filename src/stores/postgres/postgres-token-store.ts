/**
 * A token store and a connection store in Postgres, and the tables that they need.
 *
 * @module calbridge/postgres
 */
import { CalStoreError, CalUserInUseError, isCalError } from "../../errors.js";
import type { TokenRecord, TokenStore } from "../../tokens/token-store.js";
import {
  assertStorableRecord,
  assertStorableText,
  assertStorableUserId,
  assertVersion,
  firstVersion,
  secretsOf,
} from "../assert-record.js";
import { otherResult } from "../json-rows.js";
import { aliasError, hiddenRowError, rowWithoutUserError, spellingError } from "../refused-write.js";
import { statementRunner, type PostgresClient } from "./client.js";
import { postgresEntries, type Query } from "./entries.js";
import { codeOf, postgresError, UNIQUE_VIOLATION } from "./errors.js";
import { quoteNames, type TableOptions } from "./identifiers.js";
import { readRecord, writeParameters } from "./record-json.js";
import { tokenStatements, type WriteJson, type WriteReason } from "./token-statements.js";

export type { TokenColumnNames, TokenColumns } from "../columns.js";
export type { PostgresClient, PostgresJsClient, PostgresQueryClient } from "./client.js";
export type { ConnectionTableOptions } from "./connection-table.js";
export type { TableOptions } from "./identifiers.js";
export { postgresConnectionStore, type PostgresConnectionStoreOptions } from "./postgres-connection-store.js";
export {
  createSchema,
  schemaSql,
  type SchemaOptions,
  type SchemaSqlOptions,
  type UserIdType,
  type UserReference,
} from "./schema.js";

/** Options of {@link postgresTokenStore}. */
export interface PostgresTokenStoreOptions extends TableOptions {
  /**
   * The application's own driver: a `pg` Pool or Client, PGlite, Neon's or Vercel's driver, TypeORM's DataSource, or
   * postgres.js's `sql`. A pool is what a server wants. The store opens, holds and closes no connection of its own.
   */
  client: PostgresClient;
}

/** What the statements that return user ids return. */
type UserJson = { userId: string } | null;

/** How often a write is sent again that lost to one which the statement could not see yet. */
const MAX_WRITE_ATTEMPTS = 4;

/**
 * Keeps tokens in a Postgres table (`calbridge schema` prints it), for any number of processes. Every method is one
 * statement: no transaction and no session state, so a transaction pooler may be in between. Leases and connection
 * attempts are kept in a second table and expire by the database's clock.
 *
 * @throws `CalValidationError` for a client that can't be used, and for what a database can't store.
 * @throws `CalStoreError` if the database fails.
 * @throws `CalUserInUseError` from `set` and `reassign`, if another user's record has the Cal.com user.
 *
 * @example
 * ```ts
 * import { postgresTokenStore } from "calbridge/postgres";
 * import { Pool } from "pg";
 *
 * const tokenStore = postgresTokenStore({ client: new Pool({ connectionString: process.env.DATABASE_URL }) });
 * ```
 */
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the statements
export function postgresTokenStore(options: PostgresTokenStoreOptions): Required<TokenStore> {
  const run = statementRunner(options.client);
  const names = quoteNames(options);
  const sql = tokenStatements(names);

  const query: Query = async (action, text, values, secrets = []) => {
    try {
      return await run(text, values);
    } catch (error) {
      // Whatever the driver throws: the database's own errors, a lost connection, a pool's timeout.
      throw isCalError(error) ? error : postgresError(action, error, secrets);
    }
  };

  /** Sends a write until it is known why it wrote nothing, if it didn't. */
  async function write(text: string, values: (string | null)[], secrets: string[]): Promise<WriteJson> {
    for (let attempts = 0; attempts < MAX_WRITE_ATTEMPTS; attempts += 1) {
      try {
        const [result] = (await query(
          "write the user's tokens",
          text,
          values,
          secrets,
        )) as (Partial<WriteJson> | null)[];
        if (result?.reason === undefined || result.record === undefined) throw otherResult();
        // An INSERT that met a row which was being written at the same time: the next one sees it.
        const isUndecided = text === sql.insert && result.record === null && result.reason === "none";
        if (!isUndecided) return { record: result.record, reason: result.reason };
      } catch (error) {
        // An UPDATE that met such a row.
        if (!isCalError(error) || codeOf(error.cause) !== UNIQUE_VIOLATION) throw error;
      }
    }
    throw hiddenRowError();
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      const [row] = await query("read the user's tokens", sql.get, [userId, userId]);
      return row === undefined ? null : readRecord(userId, (row as { record?: unknown }).record);
    },

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      const now = new Date();
      const values = writeParameters(record, now);
      if (ifVersion === null) {
        const created = [...values, String(firstVersion()), now.toISOString()];
        return recordOf(record.userId, await write(sql.insert, created, secretsOf(record)));
      }
      assertVersion(ifVersion);
      return recordOf(
        record.userId,
        await write(sql.update, [...values, String(ifVersion)], secretsOf(record)),
      );
    },

    async delete(userId) {
      assertStorableUserId(userId);
      const rows = (await query("delete the user's tokens", sql.delete, [userId, userId])) as UserJson[];
      if (rows.some((row) => row?.userId !== userId)) throw otherResult();
      return rows.length > 0;
    },

    ...postgresEntries(query, names),

    async list({ after, limit }) {
      const action = "list the users";
      if (after !== undefined) assertStorableText(after, "after");
      const rows = await (after === undefined
        ? query(action, sql.listFirst, [String(limit)])
        : query(action, sql.listAfter, [after, String(limit)]));
      return (rows as UserJson[]).flatMap((row) => row?.userId ?? []);
    },

    async findUser({ calServer, calUserId }) {
      assertStorableText(calServer, "calServer");
      const values = [calServer, String(calUserId)];
      const [row] = (await query("find the user of a Cal.com user", sql.findUser, values)) as UserJson[];
      return row?.userId ?? null;
    },

    async reassign(record, { from, ifVersion }) {
      assertStorableRecord(record);
      assertStorableUserId(from);
      assertVersion(ifVersion);
      const values = [...writeParameters(record, new Date()), String(ifVersion), from, from];
      return recordOf(record.userId, await write(sql.reassign, values, secretsOf(record)));
    },
  };
}

/** The written record, or `null` if a condition failed. */
function recordOf(userId: string, { record, reason }: WriteJson): TokenRecord | null {
  if (record !== null) return readRecord(userId, record);
  const error = refusals[reason]?.();
  if (error) throw error;
  return null;
}

const refusals: Partial<Record<WriteReason, () => CalStoreError | CalUserInUseError>> = {
  spelling: spellingError,
  alias: aliasError,
  in_use: () => new CalUserInUseError(),
  in_use_without_user: rowWithoutUserError,
};
