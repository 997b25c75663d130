import type { QuotedNames } from "./identifiers.js";

/** The statements of a Postgres token store. Each is one round trip, and none needs a transaction. */
export interface PostgresStatements {
  get: string;
  insert: string;
  update: string;
  delete: string;
  lease: string;
  release: string;
  listFirst: string;
  listAfter: string;
}

/**
 * Writes the statements for a table. Parameters carry no type of their own: they take the type of the
 * column they meet, so `"userUlid"` may as well be a `uuid`, and an instant is right in a `timestamp`
 * column too. A record is read as one column of JSON text, whatever type parsers the driver has.
 */
export function postgresStatements({ table, columns }: QuotedNames): PostgresStatements {
  const c = columns;
  const record = `json_build_object(
    'managed', ${c.calUserId}, 'access', ${c.calAccessToken}, 'accessEnds', ${c.calAccessTokenExpiresAt},
    'refresh', ${c.calRefreshToken}, 'refreshEnds', ${c.calRefreshTokenExpiresAt},
    'version', coalesce(${c.version}, 0), 'created', ${c.createdAt}, 'updated', ${c.updatedAt}
  )::text AS record`;

  // Before the unique index is there a user may have several rows: the newest is the one that counts.
  const newest = `${c.userId} = $1 ORDER BY ${c.updatedAt} DESC NULLS LAST, ${c.id} DESC LIMIT 1`;
  const theRow = `${c.id} = (SELECT ${c.id} FROM ${table} WHERE ${newest})`;
  const written = `date_trunc('milliseconds', statement_timestamp())`;
  const users = `SELECT DISTINCT ${c.userId} AS userid, ${c.userId}::text AS usertext FROM ${table}`;

  return {
    // An answer with the time in it is kept by no cache that stands before the database, such as Hyperdrive's.
    get: `SELECT ${record}, now()::text AS asked FROM ${table} WHERE ${newest}`,

    // ON CONFLICT names no index, so that it also works before there is one; then only `found` guards.
    insert: `
      WITH found AS (SELECT 1 FROM ${table} WHERE ${c.userId} = $1 LIMIT 1),
      made AS (
        INSERT INTO ${table} (
          ${c.userId}, ${c.calUserId}, ${c.calAccessToken}, ${c.calAccessTokenExpiresAt},
          ${c.calRefreshToken}, ${c.calRefreshTokenExpiresAt}, ${c.version}, ${c.createdAt}, ${c.updatedAt}
        )
        SELECT $1, $2, $3, $4, $5, $6, $7, ${written}, ${written} WHERE NOT EXISTS (SELECT FROM found)
        ON CONFLICT DO NOTHING
        RETURNING ${record}
      )
      SELECT made.record, CASE WHEN EXISTS (SELECT FROM found) THEN 'yes' ELSE 'no' END AS found
      FROM (SELECT) AS always LEFT JOIN made ON true`,

    // The version is looked at again if the row changed while this statement waited for it. The row stays
    // the newest of its user's, even if the clock was set back.
    update: `
      UPDATE ${table} SET
        ${c.calUserId} = $2, ${c.calAccessToken} = $3, ${c.calAccessTokenExpiresAt} = $4,
        ${c.calRefreshToken} = $5, ${c.calRefreshTokenExpiresAt} = $6,
        ${c.version} = coalesce(${c.version}, 0) + 1, ${c.updatedAt} = greatest(${c.updatedAt}, ${written})
      WHERE ${theRow} AND coalesce(${c.version}, 0) = $7::bigint
      RETURNING ${record}`,

    // All of a user's rows: an older one must not come back to life.
    delete: `DELETE FROM ${table} WHERE ${c.userId} = $1 RETURNING 'yes' AS done`,

    // clock_timestamp() and not now(): the time counts at which the row is had, not asked for.
    lease: `
      UPDATE ${table} SET
        ${c.leaseOwner} = $2, ${c.leaseEndsAt} = clock_timestamp() + $3::float8 * interval '1 millisecond'
      WHERE ${theRow} AND (
        ${c.leaseOwner} IS NULL OR ${c.leaseOwner} = $2
        OR ${c.leaseEndsAt} IS NULL OR ${c.leaseEndsAt} <= clock_timestamp()
      )
      RETURNING 'yes' AS done`,

    release: `
      UPDATE ${table} SET ${c.leaseOwner} = NULL, ${c.leaseEndsAt} = NULL
      WHERE ${c.userId} = $1 AND ${c.leaseOwner} = $2
      RETURNING 'yes' AS done`,

    listFirst: `${users} WHERE ${c.userId} IS NOT NULL ORDER BY ${c.userId} LIMIT $1::bigint`,
    listAfter: `${users} WHERE ${c.userId} > $1 ORDER BY ${c.userId} LIMIT $2::bigint`,
  };
}
