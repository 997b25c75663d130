import { CalValidationError } from "../errors.js";
import type { TokenWrite } from "../tokens/token-store.js";

/**
 * Refuses an id that a database would alter. A driver turns each lone surrogate into the same U+FFFD, so
 * two users could end up with one row; Postgres knows no NUL.
 */
export function assertStorableUserId(userId: string): void {
  checkText(userId, "userId");
}

/** Refuses a record that a database would alter or could not hold. */
export function assertStorableRecord(record: TokenWrite): void {
  assertStorableUserId(record.userId);
  checkText(record.calAccessToken, "calAccessToken");
  if (record.calRefreshToken !== null) checkText(record.calRefreshToken, "calRefreshToken");
  checkDate(record.calAccessTokenExpiresAt, "calAccessTokenExpiresAt");
  checkDate(record.calRefreshTokenExpiresAt, "calRefreshTokenExpiresAt");
}

/** The secrets of a record, to be cut out of whatever a driver says about it. */
export function secretsOf(record: TokenWrite): string[] {
  return record.calRefreshToken === null
    ? [record.calAccessToken]
    : [record.calAccessToken, record.calRefreshToken];
}

/**
 * The first version of a new record: 1 to 2^30. Random, so that a record which is deleted and made anew
 * does not come by a version it had before; below half of what a 4-byte integer holds, so that it can grow.
 */
export function firstVersion(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return (random >>> 2) + 1;
}

function checkText(value: string, name: string): void {
  if (typeof value !== "string") throw new CalValidationError(`${name} must be a string.`);
  if (value.includes("\0")) throw new CalValidationError(`${name} holds a NUL, which Postgres can't store.`);
  if (!value.isWellFormed()) {
    throw new CalValidationError(
      `${name} holds half of a surrogate pair, which has no encoding in a database.`,
    );
  }
}

function checkDate(value: Date | null, name: string): void {
  if (value !== null && Number.isNaN(value.getTime())) {
    throw new CalValidationError(`${name} is not a valid date.`);
  }
}
