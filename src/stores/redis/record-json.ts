import { CalStoreError } from "../../errors.js";
import type { TokenRecord, TokenWrite } from "../../tokens/token-store.js";
import { otherResult } from "../json-rows.js";

/** A record's fields as JSON keeps them: dates as milliseconds since 1970. */
type RecordJson = {
  [Field in keyof TokenWrite]: TokenWrite[Field] extends Date | null ? number | null : TokenWrite[Field];
};

/** The Cal.com user as the index has it. */
export function calUserKey({ calServer, calUserId }: Pick<TokenWrite, "calServer" | "calUserId">): string {
  return `${calServer}/${calUserId}`;
}

/** The record as Redis keeps it. */
export function writeRecord(record: TokenWrite): string {
  const json: RecordJson = {
    userId: record.userId,
    calUserId: record.calUserId,
    calServer: record.calServer,
    calAccessToken: record.calAccessToken,
    calAccessTokenExpiresAt: record.calAccessTokenExpiresAt?.getTime() ?? null,
    calRefreshToken: record.calRefreshToken,
    calRefreshTokenExpiresAt: record.calRefreshTokenExpiresAt?.getTime() ?? null,
    details: record.details,
  };
  return JSON.stringify(json);
}

/**
 * Reads what a script returns: a record, its version and its times, or nothing.
 *
 * @throws `CalStoreError` if it is another user's, or not a record.
 */
export function readRecord(userId: string, result: (string | null)[]): TokenRecord | null {
  if (result.length === 0) return null;
  const [text, version, createdAt, updatedAt] = result;
  const json = parse(text);
  if (json?.userId !== userId) throw otherResult();
  return {
    ...json,
    calAccessTokenExpiresAt: toDate(json.calAccessTokenExpiresAt),
    calRefreshTokenExpiresAt: toDate(json.calRefreshTokenExpiresAt),
    version: Number(version),
    createdAt: new Date(Number(createdAt)),
    updatedAt: new Date(Number(updatedAt)),
  };
}

function parse(text: string | null | undefined): RecordJson | null {
  try {
    return JSON.parse(text ?? "null") as RecordJson | null;
  } catch {
    // The parser's error quotes the text, and so a token.
    throw new CalStoreError(
      "A record in Redis is not one of calbridge's. Does something else use the same keys?",
    );
  }
}

function toDate(ms: number | null): Date | null {
  return ms === null ? null : new Date(ms);
}
