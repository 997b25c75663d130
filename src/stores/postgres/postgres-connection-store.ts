import { isCalError } from "../../errors.js";
import { assertStorableState, assertStorableUserId, assertVersion, firstVersion } from "../assert-record.js";
import type { ConnectionState, ConnectionStore } from "../connection-store.js";
import { otherResult } from "../json-rows.js";
import { statementRunner, type PostgresClient } from "./client.js";
import { connectionTableName, type ConnectionTableOptions } from "./connection-table.js";
import { postgresError } from "./errors.js";

/** Options of {@link postgresConnectionStore}. */
export interface PostgresConnectionStoreOptions extends ConnectionTableOptions {
  /** The application's own driver, as {@link postgresTokenStore} takes it. */
  client: PostgresClient;
}

/** What the statements return a state as. The instant is in seconds since 1970. */
interface StateJson {
  userId: string;
  details: string | null;
  dueAt: number;
  version: number;
}

/**
 * Remembers users' connections in a Postgres table (`calbridge schema --connections` prints it), for any number of
 * processes. Every method is one statement: no transaction and no session state, so a transaction pooler may be in
 * between. Users are due by the database's clock.
 *
 * @throws `CalValidationError` for a client that can't be used, and for what a database can't store.
 * @throws `CalStoreError` if the database fails.
 *
 * @example
 * ```ts
 * import { postgresConnectionStore } from "calbridge/postgres";
 * import { Pool } from "pg";
 *
 * const connectionStore = postgresConnectionStore({ client: new Pool({ connectionString: process.env.DATABASE_URL }) });
 * ```
 */
export function postgresConnectionStore(options: PostgresConnectionStoreOptions): ConnectionStore {
  const run = statementRunner(options.client);
  const sql = statements(connectionTableName(options));

  async function query(action: string, text: string, values: (string | null)[]): Promise<StateJson[]> {
    try {
      return (await run(text, values)) as StateJson[];
    } catch (error) {
      // Whatever the driver throws: the database's own errors, a lost connection, a pool's timeout.
      throw isCalError(error) ? error : postgresError(action, error, [], "schema --connections");
    }
  }

  /** The one state of a user that a statement returns, if any. */
  async function one(
    action: string,
    text: string,
    values: (string | null)[],
  ): Promise<ConnectionState | null> {
    const [state] = await query(action, text, values);
    if (state === undefined) return null;
    if (state.userId !== values[0]) throw otherResult();
    return toState(state);
  }

  return {
    async get(userId) {
      assertStorableUserId(userId);
      return one("read the user's connections", sql.get, [userId]);
    },

    async set(state, { ifVersion }) {
      assertStorableState(state);
      if (ifVersion !== null) assertVersion(ifVersion);
      const values = [state.userId, state.details, state.dueAt.toISOString()];
      const action = "write the user's connections";
      return ifVersion === null
        ? one(action, sql.insert, [...values, String(firstVersion())])
        : one(action, sql.update, [...values, String(ifVersion)]);
    },

    async claimDue({ limit, leaseMs }) {
      const states = await query("claim users who are due", sql.claim, [String(limit), String(leaseMs)]);
      return states.map(toState);
    },

    async makeDue(userId) {
      assertStorableUserId(userId);
      await query("make the user due", sql.makeDue, [userId, String(firstVersion())]);
    },

    async delete(userId) {
      assertStorableUserId(userId);
      await query("delete the user's connections", sql.delete, [userId]);
    },
  };
}

function toState({ userId, details, dueAt, version }: StateJson): ConnectionState {
  return { userId, details, dueAt: new Date(Math.round(dueAt * 1000)), version };
}

function statements(table: string) {
  const json = `json_build_object(
    'userId', "userId", 'details', "details", 'dueAt', extract(epoch FROM "dueAt"), 'version', "version"
  )::text`;
  const returned = `RETURNING "userId", "details", "dueAt", "version"`;
  return {
    get: `SELECT ${json} FROM ${table} WHERE "userId" = $1`,

    insert: `
      WITH done AS (
        INSERT INTO ${table} ("userId", "details", "dueAt", "version")
        VALUES ($1, $2, $3::timestamptz, $4::integer)
        ON CONFLICT ("userId") DO NOTHING ${returned}
      )
      SELECT ${json} FROM done`,

    update: `
      WITH done AS (
        UPDATE ${table} SET "details" = $2, "dueAt" = $3::timestamptz, "claimedUntil" = NULL, "version" = "version" + 1
        WHERE "userId" = $1 AND "version" = $4::integer ${returned}
      )
      SELECT ${json} FROM done`,

    // Rows that another process is claiming are skipped, not waited for.
    claim: `
      WITH due AS (
        SELECT "userId" AS id, "dueAt" AS since FROM ${table}
        WHERE "dueAt" <= now() AND ("claimedUntil" IS NULL OR "claimedUntil" <= now())
        ORDER BY "dueAt" LIMIT $1::integer FOR UPDATE SKIP LOCKED
      ), done AS (
        UPDATE ${table} SET
          "claimedUntil" = now() + $2::float8 * interval '1 millisecond',
          "dueAt" = now() + $2::float8 * interval '1 millisecond',
          "version" = "version" + 1
        FROM due WHERE "userId" = due.id ${returned}, due.since
      )
      SELECT ${json} FROM done ORDER BY since`,

    makeDue: `
      WITH done AS (
        INSERT INTO ${table} AS state ("userId", "dueAt", "version") VALUES ($1, now(), $2::integer)
        ON CONFLICT ("userId") DO UPDATE SET "dueAt" = now(), "version" = state."version" + 1
        WHERE state."dueAt" > now() ${returned}
      )
      SELECT ${json} FROM done`,

    delete: `
      WITH done AS (DELETE FROM ${table} WHERE "userId" = $1 ${returned})
      SELECT ${json} FROM done`,
  };
}
