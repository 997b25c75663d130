import type { TokenRecord, TokenWrite } from "../../tokens/token-store.js";
import { otherResult } from "../json-rows.js";
import type { WriteName } from "./statements.js";
import type { Values } from "./statement.js";

/** The JSON that the statements return a record as. Instants are milliseconds since 1970. */
interface RecordJson {
  userId: string;
  calUserId: number;
  calServer: string;
  access: string;
  accessExpiresAt: number | null;
  refresh: string | null;
  refreshExpiresAt: number | null;
  details: string | null;
  version: number;
  createdAt: number;
  updatedAt: number;
}

/**
 * Reads a record, which must be that of the user asked for.
 *
 * @throws `CalStoreError` if it is another user's.
 */
export function readRecord(userId: string, json: unknown): TokenRecord {
  const row = json as RecordJson;
  if (typeof json !== "object" || json === null || row.userId !== userId) throw otherResult();
  return {
    userId: row.userId,
    calUserId: row.calUserId,
    calServer: row.calServer,
    calAccessToken: row.access,
    calAccessTokenExpiresAt: toDate(row.accessExpiresAt),
    calRefreshToken: row.refresh,
    calRefreshTokenExpiresAt: toDate(row.refreshExpiresAt),
    details: row.details,
    version: row.version,
    createdAt: new Date(row.createdAt),
    updatedAt: new Date(row.updatedAt),
  };
}

/** The values of a write. */
export function writeValues(record: TokenWrite): Values<WriteName> {
  return {
    userId: record.userId,
    calUserId: record.calUserId,
    calServer: record.calServer,
    access: record.calAccessToken,
    accessExpiresAt: record.calAccessTokenExpiresAt?.getTime() ?? null,
    refresh: record.calRefreshToken,
    refreshExpiresAt: record.calRefreshTokenExpiresAt?.getTime() ?? null,
    details: record.details,
    now: Date.now(),
  };
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
