/**
 * A token store in Postgres, and the table that it needs.
 *
 * @module calbridge/postgres
 */
import { CalStoreError, CalValidationError, isCalError } from "../../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../tokens/token-store.js";
import { quoteNames, type TableOptions } from "./identifiers.js";
import { statementRunner, type PostgresClient, type TextRow } from "./client.js";
import { postgresError } from "./errors.js";
import { postgresStatements } from "./statements.js";
import { assertStorableRecord, assertStorableUserId, firstVersion, secretsOf } from "../check-record.js";

export type { TableOptions } from "./identifiers.js";
export type { TokenColumns } from "../columns.js";
export { createSchema, schemaSql, type SchemaOptions, type UserReference } from "./schema.js";
export type { PostgresClient, PostgresJsClient, PostgresQueryClient } from "./client.js";

/** Options of {@link postgresTokenStore}. */
export interface PostgresTokenStoreOptions extends TableOptions {
  /**
   * The application's own driver: a `pg` Pool or Client, PGlite, Neon's or Vercel's driver, or postgres.js's
   * `sql`. A pool is what a server wants. The store opens, holds and closes no connection of its own.
   */
  client: PostgresClient;
}

/**
 * Keeps tokens in a Postgres table (`calbridge schema` prints it), for any number of processes. Every
 * method is one statement: no transaction, no session state, nothing that a transaction pooler would mind.
 * The refresh lease is part of the row, and it is the database's clock that ends it.
 *
 * Rejects with `CalStoreError` if the database fails, with `CalValidationError` for what it can't hold.
 *
 * @example
 * ```ts
 * import { postgresTokenStore } from "calbridge/postgres";
 * import { Pool } from "pg";
 *
 * const tokenStore = postgresTokenStore({ client: new Pool({ connectionString: process.env.DATABASE_URL }) });
 * ```
 */
export function postgresTokenStore(
  options: PostgresTokenStoreOptions,
): TokenStore & Required<Pick<TokenStore, "acquireLease" | "releaseLease" | "list">> {
  const run = statementRunner(options.client);
  const sql = postgresStatements(quoteNames(options));

  async function query(
    doing: string,
    text: string,
    values: (string | null)[],
    secrets: string[] = [],
  ): Promise<TextRow[]> {
    try {
      return await run(text, values);
    } catch (error) {
      // Whatever the driver throws: the database's own errors, a lost connection, a pool's timeout.
      throw isCalError(error) ? error : postgresError(doing, error, secrets);
    }
  }

  async function get(userId: string): Promise<TokenRecord | null> {
    assertStorableUserId(userId);
    const [row] = await query("read the user's tokens", sql.get, [userId]);
    return row ? readRecord(userId, row) : null;
  }

  async function insert(record: TokenWrite): Promise<TokenRecord | null> {
    const values = [...parameters(record), String(firstVersion())];
    const [row] = await query("write the user's tokens", sql.insert, values, secretsOf(record));
    if (row?.["record"]) return readRecord(record.userId, row);
    // Lost to a record that was there, or to one that was being written at the same time.
    if (row?.["found"] === "yes" || (await get(record.userId)) !== null) return null;
    throw new CalStoreError(
      "Could not write the user's tokens: a unique constraint of the table, other than the one on the user's id, refuses the row.",
    );
  }

  return {
    get,

    async set(record, { ifVersion }) {
      assertStorableRecord(record);
      if (ifVersion === null) return insert(record);
      if (!Number.isSafeInteger(ifVersion))
        throw new CalValidationError("ifVersion must be an integer or null.");
      const values = [...parameters(record), String(ifVersion)];
      const [row] = await query("write the user's tokens", sql.update, values, secretsOf(record));
      return row ? readRecord(record.userId, row) : null;
    },

    async delete(userId) {
      assertStorableUserId(userId);
      const rows = await query("delete the user's tokens", sql.delete, [userId]);
      return rows.length > 0;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      const rows = await query("take the user's lease", sql.lease, [userId, owner, String(ttlMs)]);
      return rows.length > 0;
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      await query("release the user's lease", sql.release, [userId, owner]);
    },

    async list({ after, limit }) {
      const rows =
        after === undefined
          ? await query("list the users", sql.listFirst, [String(limit)])
          : await query("list the users", sql.listAfter, [after, String(limit)]);
      return rows.flatMap((row) => row["usertext"] ?? []);
    },
  };
}

// All as text, and instants in ISO 8601 with their Z: drivers differ in how they write anything else.
function parameters(record: TokenWrite): (string | null)[] {
  return [
    record.userId,
    String(record.calUserId),
    record.calAccessToken,
    record.calAccessTokenExpiresAt?.toISOString() ?? null,
    record.calRefreshToken,
    record.calRefreshTokenExpiresAt?.toISOString() ?? null,
  ];
}

/** The JSON that a record is read as. */
interface RecordJson {
  managed: number;
  access: string;
  accessEnds: string | null;
  refresh: string | null;
  refreshEnds: string | null;
  version: number;
  created: string | null;
  updated: string | null;
}

function readRecord(userId: string, row: TextRow): TokenRecord {
  const text = row["record"];
  if (typeof text !== "string")
    throw new CalStoreError("The Postgres client answered a row of another shape.");
  const json = JSON.parse(text) as RecordJson;
  return {
    userId,
    calUserId: json.managed,
    calServer: "",
    details: null,
    calAccessToken: json.access,
    calAccessTokenExpiresAt: readDate(json.accessEnds),
    calRefreshToken: json.refresh,
    calRefreshTokenExpiresAt: readDate(json.refreshEnds),
    version: json.version,
    // The two are nullable in tables that applications already have.
    createdAt: readDate(json.created) ?? new Date(0),
    updatedAt: readDate(json.updated) ?? new Date(0),
  };
}

/** Reads ISO 8601 with up to six decimals; without a zone, as in a `timestamp` column, it is UTC. */
function readDate(text: string | null): Date | null {
  if (text === null || text.endsWith("infinity")) return null;
  const milliseconds = text.replace(/(\.\d{3})\d+/, "$1");
  return new Date(/[+-]\d\d:\d\d$/.test(milliseconds) ? milliseconds : `${milliseconds}Z`);
}
