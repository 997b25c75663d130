import { CalUserInUseError, type TokenRecord, type TokenStore, type TokenWrite } from "calbridge";
import type { Pool, ResultSetHeader, RowDataPacket } from "mysql2/promise";

/** The tables. */
export const schema = [
  `CREATE TABLE IF NOT EXISTS cal_tokens (
    user_id VARBINARY(1000) PRIMARY KEY,
    cal_server VARCHAR(32) CHARACTER SET ascii NOT NULL,
    cal_user_id BIGINT NOT NULL,
    access_token MEDIUMTEXT NOT NULL,
    access_expires_at BIGINT,
    refresh_token MEDIUMTEXT,
    refresh_expires_at BIGINT,
    details TEXT,
    version INT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    UNIQUE KEY (cal_server, cal_user_id)
  ) CHARACTER SET utf8mb4`,
  // Leases and attempts.
  `CREATE TABLE IF NOT EXISTS cal_entries (
    entry_key VARBINARY(1100) PRIMARY KEY,
    value MEDIUMTEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    KEY (expires_at)
  ) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin`,
];

/** The database's clock, in milliseconds since 1970. UTC: the hour that summer time repeats is two hours here. */
const now = "(TIMESTAMPDIFF(MICROSECOND, '1970-01-01', UTC_TIMESTAMP(3)) DIV 1000)";

const columns = `user_id = ?, cal_server = ?, cal_user_id = ?, access_token = ?, access_expires_at = ?,
  refresh_token = ?, refresh_expires_at = ?, details = ?, version = ?, created_at = ?, updated_at = ?`;

/** Keeps tokens in MariaDB or MySQL. Every statement is a transaction of its own. */
export function mysqlTokenStore(pool: Pool): Required<TokenStore> {
  const read = async (sql: string, values: (string | number)[]): Promise<RowDataPacket[]> =>
    (await pool.execute<RowDataPacket[]>(sql, values))[0];

  /** Sends a write, and returns how many rows it was for. */
  async function write(sql: string, values: (string | number | null)[]): Promise<number> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        return (await pool.execute<ResultSetHeader>(sql, values))[0].affectedRows;
      } catch (error) {
        // Two writes waited for each other. The database has undone this one, and asks for it again.
        if (codeOf(error) !== "ER_LOCK_DEADLOCK" || attempt === 5) throw error;
      }
    }
  }

  /** The same, and `"duplicate"` if a unique index refuses the row. */
  async function tryWrite(sql: string, values: (string | number | null)[]): Promise<number | "duplicate"> {
    try {
      return await write(sql, values);
    } catch (error) {
      if (codeOf(error) === "ER_DUP_ENTRY") return "duplicate";
      throw error;
    }
  }

  async function get(userId: string): Promise<TokenRecord | null> {
    const [row] = await read("SELECT * FROM cal_tokens WHERE user_id = ?", [userId]);
    return row ? toRecord(row) : null;
  }

  async function insert(record: TokenWrite): Promise<TokenRecord | null> {
    const at = new Date();
    // Random: after a delete the versions must not begin where they began before.
    const version = 1 + Math.floor(Math.random() * 2 ** 30);
    const written = { ...record, version, createdAt: at, updatedAt: at };
    const rows = await tryWrite(`INSERT INTO cal_tokens SET ${columns}`, valuesOf(written));
    return rows === "duplicate" ? refused(record) : written;
  }

  /** Replaces the record of the user `from`. */
  async function update(record: TokenWrite, from: string, ifVersion: number): Promise<TokenRecord | null> {
    const current = await get(from);
    if (current?.version !== ifVersion) return null;
    const written = {
      ...record,
      version: ifVersion + 1,
      createdAt: current.createdAt,
      // Of servers whose clocks differ, none turns it back.
      updatedAt: new Date(Math.max(Date.now(), current.updatedAt.getTime())),
    };
    const rows = await tryWrite(`UPDATE cal_tokens SET ${columns} WHERE user_id = ? AND version = ?`, [
      ...valuesOf(written),
      from,
      ifVersion,
    ]);
    if (rows === "duplicate") return refused(record, from);
    // No row: another process wrote between the read and the write.
    return rows === 1 ? written : null;
  }

  /** Says which of the two unique indexes refused a record: that of the user's id, or that of the Cal.com user. */
  async function refused(record: TokenWrite, from?: string): Promise<null> {
    if (record.userId !== from && (await get(record.userId))) return null;
    throw new CalUserInUseError();
  }

  async function getAttempt(id: string): Promise<string | null> {
    const [row] = await read(`SELECT value FROM cal_entries WHERE entry_key = ? AND expires_at > ${now}`, [
      `attempt:${id}`,
    ]);
    return row ? String(row["value"]) : null;
  }

  return {
    get,

    set: (record, { ifVersion }) =>
      ifVersion === null ? insert(record) : update(record, record.userId, ifVersion),

    async delete(userId) {
      return (await write("DELETE FROM cal_tokens WHERE user_id = ?", [userId])) === 1;
    },

    async acquireLease(userId, { owner, ttlMs }) {
      const key = `lease:${userId}`;
      const renewed = await write(
        `UPDATE cal_entries SET value = ?, expires_at = ${now} + ?
         WHERE entry_key = ? AND (value = ? OR expires_at <= ${now})`,
        [owner, ttlMs, key, owner],
      );
      if (renewed === 1) return true;
      const inserted = await tryWrite(
        `INSERT INTO cal_entries SET entry_key = ?, value = ?, expires_at = ${now} + ?`,
        [key, owner, ttlMs],
      );
      return inserted === 1;
    },

    async releaseLease(userId, { owner }) {
      await write("DELETE FROM cal_entries WHERE entry_key = ? AND value = ?", [`lease:${userId}`, owner]);
    },

    async putAttempt(id, { data, ttlMs }) {
      await write(`DELETE FROM cal_entries WHERE expires_at <= ${now} LIMIT 100`, []);
      await write(`REPLACE INTO cal_entries SET entry_key = ?, value = ?, expires_at = ${now} + ?`, [
        `attempt:${id}`,
        data,
        ttlMs,
      ]);
    },

    getAttempt,

    async takeAttempt(id) {
      const data = await getAttempt(id);
      if (data === null) return null;
      const taken = await write("DELETE FROM cal_entries WHERE entry_key = ? AND value = ?", [
        `attempt:${id}`,
        data,
      ]);
      return taken === 1 ? data : null;
    },

    async list({ after, limit }) {
      // mysql2 sends numbers as floating point, which LIMIT refuses.
      const rows = await read(
        `SELECT user_id FROM cal_tokens WHERE user_id > ? ORDER BY user_id LIMIT ${Math.trunc(limit)}`,
        [after ?? ""],
      );
      return rows.map((row) => String(row["user_id"]));
    },

    async findUser({ calServer, calUserId }) {
      const [row] = await read("SELECT user_id FROM cal_tokens WHERE cal_server = ? AND cal_user_id = ?", [
        calServer,
        calUserId,
      ]);
      return row ? String(row["user_id"]) : null;
    },

    reassign: (record, { from, ifVersion }) => update(record, from, ifVersion),
  };
}

function codeOf(error: unknown): unknown {
  return error instanceof Error && "code" in error ? error.code : undefined;
}

/** In the order of `columns`. */
function valuesOf(record: TokenRecord): (string | number | null)[] {
  return [
    record.userId,
    record.calServer,
    record.calUserId,
    record.calAccessToken,
    record.calAccessTokenExpiresAt?.getTime() ?? null,
    record.calRefreshToken,
    record.calRefreshTokenExpiresAt?.getTime() ?? null,
    record.details,
    record.version,
    record.createdAt.getTime(),
    record.updatedAt.getTime(),
  ];
}

interface Row {
  /** Bytes: a VARBINARY column. */
  user_id: Buffer;
  cal_server: string;
  cal_user_id: number;
  access_token: string;
  access_expires_at: number | null;
  refresh_token: string | null;
  refresh_expires_at: number | null;
  details: string | null;
  version: number;
  created_at: number;
  updated_at: number;
}

function toRecord(row: RowDataPacket): TokenRecord {
  const stored = row as Row;
  return {
    userId: stored.user_id.toString(),
    calUserId: stored.cal_user_id,
    calServer: stored.cal_server,
    calAccessToken: stored.access_token,
    calAccessTokenExpiresAt: toDate(stored.access_expires_at),
    calRefreshToken: stored.refresh_token,
    calRefreshTokenExpiresAt: toDate(stored.refresh_expires_at),
    details: stored.details,
    version: stored.version,
    createdAt: new Date(stored.created_at),
    updatedAt: new Date(stored.updated_at),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
