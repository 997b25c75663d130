import type { QuotedNames } from "./identifiers.js";

/** The statements on the table of leases and attempts. Each is one round trip. */
export interface EntryStatements {
  acquire: string;
  put: string;
  get: string;
  take: string;
  release: string;
}

/** Expired entries that a put removes, at most. */
const MAX_REMOVED = 100;

/**
 * Writes the statements for the table. All of them go by the database's clock: clock_timestamp() and not now(), since
 * the time counts at which the row is had, not asked for.
 */
export function entryStatements({ entryTable: table }: QuotedNames): EntryStatements {
  const expiresAt = `clock_timestamp() + $3::float8 * interval '1 millisecond'`;
  const returned = `"key", "value", pg_typeof("expiresAt")::text AS type`;
  const json = `json_build_object('key', "key", 'value', "value", 'type', type)::text`;

  return {
    acquire: `
      WITH done AS (
        INSERT INTO ${table} AS entry ("key", "value", "expiresAt") VALUES ($1, $2, ${expiresAt})
        ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "expiresAt" = ${expiresAt}
        WHERE entry."value" = excluded."value" OR entry."expiresAt" <= clock_timestamp()
        RETURNING ${returned}
      )
      SELECT ${json} FROM done`,

    // Removes expired entries as well: there is no timer that would. It comes last and skips locked rows, so that no put
    // waits while it holds a row. now() and not clock_timestamp(), so that the index can be used.
    put: `
      WITH expired AS (
        DELETE FROM ${table} WHERE "key" = ANY (ARRAY(
          SELECT "key" FROM ${table} WHERE "expiresAt" <= now() AND "key" <> $1
          ORDER BY "expiresAt" LIMIT ${MAX_REMOVED} FOR UPDATE SKIP LOCKED
        ))
      ), done AS (
        INSERT INTO ${table} ("key", "value", "expiresAt") VALUES ($1, $2, ${expiresAt})
        ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "expiresAt" = ${expiresAt}
        RETURNING ${returned}
      )
      SELECT ${json} FROM done`,

    get: `
      SELECT json_build_object('key', "key", 'value', "value")::text
      FROM ${table} WHERE "key" = $1 AND "expiresAt" > clock_timestamp()`,

    take: `
      WITH done AS (
        DELETE FROM ${table} WHERE "key" = $1
        RETURNING "key", "value", "expiresAt" > clock_timestamp() AS live
      )
      SELECT json_build_object('key', "key", 'value', "value")::text FROM done WHERE live`,

    release: `
      WITH done AS (DELETE FROM ${table} WHERE "key" = $1 AND "value" = $2 RETURNING "key")
      SELECT json_build_object('key', "key")::text FROM done`,
  };
}
