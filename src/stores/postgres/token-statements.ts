import type { QuotedNames } from "./identifiers.js";

/** The statements on the token table. Each is one round trip, and none needs a transaction. */
export interface TokenStatements {
  get: string;
  insert: string;
  update: string;
  reassign: string;
  delete: string;
  listFirst: string;
  listAfter: string;
  findUser: string;
}

/** What a statement that writes returns: the record as {@link RecordJson}, or why there is none. */
export interface WriteJson<Reason extends string = WriteReason> {
  record: unknown;
  reason: Reason;
}

/**
 * - `spelling`: the column's type has another spelling of this user id, and would store that one
 * - `exists`: the user has a record
 * - `alias`: the column's type takes another user's id for this one
 * - `in_use`: another user's record has the Cal.com user
 * - `in_use_without_user`: a row without a user id has it
 * - `none`: nothing that the statement could see; a condition failed, or a unique constraint refused the row
 */
export type WriteReason = "spelling" | "exists" | "alias" | "in_use" | "in_use_without_user" | "none";

/**
 * Writes the statements for a table. Parameters carry no type of their own: they take the type of the column they are
 * compared with or written to. So `"userUlid"` may be a `uuid` or an `integer`, and an instant is right in a `timestamp`
 * column as well. A user id is passed twice: as the column's type ($1), which an index can find, and as text ($2), to be
 * compared exactly: a `citext`, `char(n)` or `uuid` column takes different ids for one another.
 *
 * All statements are SELECTs of one column of JSON text, whatever they write. What drivers return for them differs least.
 */
// eslint-disable-next-line max-lines-per-function -- most of it is SQL, and the statements share their parts
export function tokenStatements({ table, columns: c }: QuotedNames): TokenStatements {
  const instant = (column: string) => `extract(epoch FROM date_trunc('milliseconds', ${column}))`;
  const record = `json_build_object(
    'userId', ${c.userId}::text, 'calUserId', ${c.calUserId}, 'calServer', ${c.calServer},
    'access', ${c.calAccessToken}, 'accessExpiresAt', ${instant(c.calAccessTokenExpiresAt)},
    'refresh', ${c.calRefreshToken}, 'refreshExpiresAt', ${instant(c.calRefreshTokenExpiresAt)},
    'details', ${c.details}, 'version', coalesce(${c.version}, 0),
    'createdAt', ${instant(c.createdAt)}, 'updatedAt', ${instant(c.updatedAt)}
  )`;
  const exactly = (text: string) => `(${c.userId}::text COLLATE "C") = ${text}::text`;

  // Before the unique index exists a user may have several rows: the newest is the user's.
  const newestOf = (id: string, text: string) =>
    `${c.userId} = ${id} AND ${exactly(text)} ORDER BY ${c.updatedAt} DESC NULLS LAST, ${c.id} DESC LIMIT 1`;
  const rowOf = (id: string, text: string) => `(SELECT ${c.id} FROM ${table} WHERE ${newestOf(id, text)})`;

  // The id as the column's type stores it. The UNION gives the parameter that type.
  const asked = `asked AS (SELECT ${c.userId} AS id FROM ${table} WHERE false UNION ALL SELECT $1)`;
  const spelledAsStored = `(SELECT (id::text COLLATE "C") = $2::text FROM asked)`;
  const found = `found AS (SELECT ${exactly("$2")} AS is_exact FROM ${table} WHERE ${c.userId} = $1)`;
  const takenBesides = (id: string) =>
    `taken AS (SELECT ${c.userId} AS id FROM ${table} WHERE ${c.calServer} = $4 AND ${c.calUserId} = $3
      AND ${c.userId} IS DISTINCT FROM ${id} ORDER BY ${c.userId} LIMIT 1)`;
  const whoHasIt = `CASE WHEN (SELECT id FROM taken) IS NULL THEN 'in_use_without_user' ELSE 'in_use' END`;
  // An unchanged Cal.com user is not checked: where the index is missing because of old duplicates, those users' tokens
  // must still be written.
  const mayHaveCalUser = `((${c.calServer} = $4 AND ${c.calUserId} = $3) OR NOT EXISTS (SELECT FROM taken))`;

  const written = `
        ${c.calUserId} = $3, ${c.calServer} = $4, ${c.calAccessToken} = $5, ${c.calAccessTokenExpiresAt} = $6,
        ${c.calRefreshToken} = $7, ${c.calRefreshTokenExpiresAt} = $8, ${c.details} = $9,
        ${c.version} = coalesce(${c.version}, 0) + 1,
        ${c.updatedAt} = greatest(${c.updatedAt}, $10)`;
  const isVersion = (version: string) => `coalesce(${c.version}, 0) = ${version}::bigint`;
  const page = (condition: string, limit: string) => `
      SELECT json_build_object('userId', id::text, 'asked', now())::text
      FROM (SELECT DISTINCT ${c.userId} AS id FROM ${table} WHERE ${condition} ORDER BY ${c.userId} LIMIT ${limit}::bigint) AS page
      ORDER BY id`;

  return {
    // A result with the time in it is not cached between the database and the application, as Hyperdrive would.
    get: `SELECT json_build_object('record', ${record}, 'asked', now())::text FROM ${table} WHERE ${newestOf("$1", "$2")}`,

    // ON CONFLICT names no index, so that it also works before the indexes exist; then only the conditions protect.
    insert: `
      WITH ${asked}, ${found}, ${takenBesides("$1")}, made AS (
        INSERT INTO ${table} (
          ${c.userId}, ${c.calUserId}, ${c.calServer}, ${c.calAccessToken}, ${c.calAccessTokenExpiresAt},
          ${c.calRefreshToken}, ${c.calRefreshTokenExpiresAt}, ${c.details}, ${c.updatedAt}, ${c.version}, ${c.createdAt}
        )
        SELECT id, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12 FROM asked
        WHERE ${spelledAsStored} AND NOT EXISTS (SELECT FROM found) AND NOT EXISTS (SELECT FROM taken)
        ON CONFLICT DO NOTHING
        RETURNING ${record} AS record
      )
      SELECT json_build_object('record', (SELECT record FROM made), 'reason', CASE
        WHEN NOT ${spelledAsStored} THEN 'spelling'
        WHEN EXISTS (SELECT FROM found WHERE is_exact) THEN 'exists'
        WHEN EXISTS (SELECT FROM found) THEN 'alias'
        WHEN EXISTS (SELECT FROM taken) THEN ${whoHasIt}
        ELSE 'none'
      END)::text`,

    // The version is checked again if the row changed while this statement waited for it. The row stays the newest of
    // its user, even if a clock was set back.
    update: `
      WITH ${takenBesides("$1")}, done AS (
        UPDATE ${table} SET ${written}
        WHERE ${c.id} = ${rowOf("$1", "$2")} AND ${isVersion("$11")} AND ${mayHaveCalUser}
        RETURNING ${record} AS record
      )
      SELECT json_build_object('record', (SELECT record FROM done), 'reason', CASE
        WHEN EXISTS (SELECT FROM taken) AND EXISTS (
          SELECT FROM ${table} WHERE ${c.id} = ${rowOf("$1", "$2")} AND ${isVersion("$11")}
        ) THEN ${whoHasIt}
        ELSE 'none'
      END)::text`,

    // Older rows of the former user go too: one of them would be taken for that user's record.
    reassign: `
      WITH ${asked}, ${found}, ${takenBesides("$12")}, moved AS (
        UPDATE ${table} SET ${c.userId} = (SELECT id FROM asked), ${written}
        WHERE ${c.id} = ${rowOf("$12", "$13")} AND ${isVersion("$11")}
          AND ${spelledAsStored} AND NOT EXISTS (SELECT FROM found) AND ${mayHaveCalUser}
        RETURNING ${c.id} AS id, ${record} AS record
      ), older AS (
        DELETE FROM ${table}
        WHERE ${c.userId} = $12 AND ${exactly("$13")} AND ${c.id} <> (SELECT id FROM moved)
      )
      SELECT json_build_object('record', (SELECT record FROM moved), 'reason', CASE
        WHEN NOT ${spelledAsStored} THEN 'spelling'
        WHEN EXISTS (SELECT FROM found WHERE is_exact) THEN 'exists'
        WHEN EXISTS (SELECT FROM found) THEN 'alias'
        WHEN EXISTS (SELECT FROM taken) AND EXISTS (
          SELECT FROM ${table} WHERE ${c.id} = ${rowOf("$12", "$13")} AND ${isVersion("$11")}
        ) THEN ${whoHasIt}
        ELSE 'none'
      END)::text`,

    // All of a user's rows: an older one must not be taken for the user's record afterwards.
    delete: `
      WITH done AS (DELETE FROM ${table} WHERE ${c.userId} = $1 AND ${exactly("$2")} RETURNING ${c.userId}::text AS id)
      SELECT json_build_object('userId', id)::text FROM done`,

    listFirst: page(`${c.userId} IS NOT NULL`, "$1"),
    listAfter: page(`${c.userId} > $1`, "$2"),

    findUser: `
      SELECT json_build_object('userId', ${c.userId}::text)::text FROM ${table}
      WHERE ${c.calServer} = $1 AND ${c.calUserId} = $2 AND ${c.userId} IS NOT NULL ORDER BY ${c.userId} LIMIT 1`,
  };
}
