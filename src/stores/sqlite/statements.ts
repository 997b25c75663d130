import type { QuotedNames } from "./names.js";
import { statement } from "./statement.js";

/** Expired entries that a put removes, at most. */
const MAX_REMOVED = 100;

/** The time by the database's clock, in milliseconds since 1970. SQLite before 3.42 has no shorter way to write it. */
export const nowMs = "CAST(round((julianday('now') - 2440587.5) * 86400000) AS INTEGER)";

/** The values that a write of a record takes. */
export type WriteName =
  | "userId"
  | "calUserId"
  | "calServer"
  | "access"
  | "accessExpiresAt"
  | "refresh"
  | "refreshExpiresAt"
  | "details"
  | "now";

/**
 * The statements on the token table. SQLite runs each of them alone: one connection writes at a time. All return rows of one column of JSON text, which drivers can't read in
 * different ways. Text is compared exactly, whatever collation the column has.
 */
export function tokenStatements({ table, columns: c }: QuotedNames) {
  const record = `json_object(
    'userId', ${c.userId}, 'calUserId', ${c.calUserId}, 'calServer', ${c.calServer},
    'access', ${c.calAccessToken}, 'accessExpiresAt', ${c.calAccessTokenExpiresAt},
    'refresh', ${c.calRefreshToken}, 'refreshExpiresAt', ${c.calRefreshTokenExpiresAt},
    'details', ${c.details}, 'version', ${c.version}, 'createdAt', ${c.createdAt}, 'updatedAt', ${c.updatedAt}
  ) AS json`;
  const isUser = (value: string) => `${c.userId} = ${value} COLLATE BINARY`;
  const versionOf = (value: string) => `(SELECT ${c.version} FROM ${table} WHERE ${isUser(value)})`;
  const takenBesides = (value: string) =>
    `(SELECT ${c.userId} FROM ${table} WHERE ${c.calServer} = :calServer AND ${c.calUserId} = :calUserId
      AND ${c.userId} <> ${value} COLLATE BINARY)`;
  const written = `
      ${c.calUserId} = :calUserId, ${c.calServer} = :calServer, ${c.calAccessToken} = :access,
      ${c.calAccessTokenExpiresAt} = :accessExpiresAt, ${c.calRefreshToken} = :refresh,
      ${c.calRefreshTokenExpiresAt} = :refreshExpiresAt, ${c.details} = :details,
      ${c.version} = ${c.version} + 1, ${c.updatedAt} = max(${c.updatedAt}, :now)`;
  const userId = `json_object('userId', ${c.userId}) AS json`;

  return {
    get: statement<"userId">(`SELECT ${record} FROM ${table} WHERE ${isUser(":userId")}`),

    // Each index is named, so that the statement fails without it.
    insert: statement<WriteName | "version">(`
      INSERT INTO ${table} (
        ${c.userId}, ${c.calUserId}, ${c.calServer}, ${c.calAccessToken}, ${c.calAccessTokenExpiresAt},
        ${c.calRefreshToken}, ${c.calRefreshTokenExpiresAt}, ${c.details}, ${c.version}, ${c.createdAt}, ${c.updatedAt}
      ) VALUES (
        :userId, :calUserId, :calServer, :access, :accessExpiresAt, :refresh, :refreshExpiresAt, :details, :version, :now, :now
      )
      ON CONFLICT (${c.userId}) DO NOTHING
      ON CONFLICT (${c.calServer}, ${c.calUserId}) DO NOTHING
      RETURNING ${record}`),

    update: statement<WriteName | "ifVersion">(`
      UPDATE ${table} SET ${written}
      WHERE ${isUser(":userId")} AND ${c.version} = :ifVersion AND NOT EXISTS ${takenBesides(":userId")}
      RETURNING ${record}`),

    reassign: statement<WriteName | "ifVersion" | "from">(`
      UPDATE ${table} SET ${c.userId} = :userId, ${written}
      WHERE ${isUser(":from")} AND ${c.version} = :ifVersion AND NOT EXISTS ${versionOf(":userId")}
        AND NOT EXISTS ${takenBesides(":from")}
      RETURNING ${record}`),

    // Why one of the three wrote nothing. `from` is the user whose record it would have replaced.
    reason: statement<"userId" | "from" | "calServer" | "calUserId">(`
      SELECT json_object(
        'version', ${versionOf(":userId")}, 'fromVersion', ${versionOf(":from")}, 'taken', ${takenBesides(":from")}
      ) AS json`),

    delete: statement<"userId">(`DELETE FROM ${table} WHERE ${isUser(":userId")} RETURNING ${userId}`),

    listFirst: statement<"limit">(
      `SELECT ${userId} FROM ${table} ORDER BY ${c.userId} COLLATE BINARY LIMIT :limit`,
    ),
    listAfter: statement<"after" | "limit">(`
      SELECT ${userId} FROM ${table} WHERE ${c.userId} > :after COLLATE BINARY
      ORDER BY ${c.userId} COLLATE BINARY LIMIT :limit`),

    findUser: statement<"calServer" | "calUserId">(
      `SELECT ${userId} FROM ${table} WHERE ${c.calServer} = :calServer AND ${c.calUserId} = :calUserId`,
    ),
  };
}

/** Writes the statements on the table of leases and attempts. All of them go by the database's clock. */
export function entryStatements({ entryTable: table }: QuotedNames) {
  const entry = `json_object('key', "key", 'value', "value", 'isLive', "expiresAt" > ${nowMs}) AS json`;
  const insert = `INSERT INTO ${table} AS entry ("key", "value", "expiresAt") VALUES (:key, :value, ${nowMs} + :ttlMs)
      ON CONFLICT ("key") DO UPDATE SET "value" = excluded."value", "expiresAt" = excluded."expiresAt"`;

  return {
    acquire: statement<"key" | "value" | "ttlMs">(`
      ${insert} WHERE entry."value" = excluded."value" OR entry."expiresAt" <= ${nowMs}
      RETURNING ${entry}`),

    release: statement<"key" | "value">(
      `DELETE FROM ${table} WHERE "key" = :key AND "value" = :value RETURNING ${entry}`,
    ),

    put: statement<"key" | "value" | "ttlMs">(`${insert} RETURNING ${entry}`),

    get: statement<"key">(`SELECT ${entry} FROM ${table} WHERE "key" = :key`),

    take: statement<"key">(`DELETE FROM ${table} WHERE "key" = :key RETURNING ${entry}`),

    // There is no timer that would remove them.
    removeExpired: statement<never>(`
      DELETE FROM ${table} WHERE "key" IN (
        SELECT "key" FROM ${table} WHERE "expiresAt" <= ${nowMs} ORDER BY "expiresAt" LIMIT ${MAX_REMOVED}
      ) RETURNING json_object('key', "key") AS json`),
  };
}
