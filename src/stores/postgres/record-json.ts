import type { TokenRecord, TokenWrite } from "../../tokens/token-store.js";
import { otherResult } from "../json-rows.js";

/** The JSON that the statements return a record as. Instants are seconds since 1970, or text such as "Infinity". */
interface RecordJson {
  userId: string;
  calUserId: number | string;
  calServer: string;
  access: string;
  accessExpiresAt: number | string | null;
  refresh: string | null;
  refreshExpiresAt: number | string | null;
  details: string | null;
  version: number | string;
  createdAt: number | string | null;
  updatedAt: number | string | null;
}

/**
 * Reads a record, which must be that of the user asked for: a connection that is shared in a wrong way can return the
 * result of another query.
 *
 * @throws `CalStoreError` if it is another user's.
 */
export function readRecord(userId: string, json: unknown): TokenRecord {
  const row = json as RecordJson;
  if (typeof json !== "object" || json === null || row.userId !== userId) throw otherResult();
  return {
    userId: row.userId,
    calUserId: Number(row.calUserId),
    calServer: row.calServer,
    calAccessToken: row.access,
    calAccessTokenExpiresAt: readInstant(row.accessExpiresAt),
    calRefreshToken: row.refresh,
    calRefreshTokenExpiresAt: readInstant(row.refreshExpiresAt),
    details: row.details,
    version: Number(row.version),
    // The two are nullable in tables that applications already have.
    createdAt: readInstant(row.createdAt) ?? new Date(0),
    updatedAt: readInstant(row.updatedAt) ?? new Date(0),
  };
}

/** The parameters $1 to $10 of a write. All are text, and instants ISO 8601: drivers differ in how they write other types. */
export function writeParameters(record: TokenWrite, updatedAt: Date): (string | null)[] {
  return [
    record.userId,
    record.userId,
    String(record.calUserId),
    record.calServer,
    record.calAccessToken,
    record.calAccessTokenExpiresAt?.toISOString() ?? null,
    record.calRefreshToken,
    record.calRefreshTokenExpiresAt?.toISOString() ?? null,
    record.details,
    updatedAt.toISOString(),
  ];
}

function readInstant(seconds: number | string | null): Date | null {
  return typeof seconds === "number" ? new Date(Math.round(seconds * 1000)) : null;
}
