import { CalValidationError } from "../errors.js";
import type { TokenWrite } from "../tokens/token-store.js";
import type { ConnectionStateWrite } from "./connection-store.js";

/**
 * Refuses an id that a database would change. A driver turns each lone surrogate into the same U+FFFD, so
 * two users could get one row. Postgres can't store NUL.
 */
export function assertStorableUserId(userId: string): void {
  assertStorableText(userId, "userId");
}

/** Refuses a record that a database would change or can't store. */
export function assertStorableRecord(record: TokenWrite): void {
  assertStorableUserId(record.userId);
  assertStorableText(record.calServer, "calServer");
  assertStorableText(record.calAccessToken, "calAccessToken");
  if (record.calRefreshToken !== null) assertStorableText(record.calRefreshToken, "calRefreshToken");
  if (record.details !== null) assertStorableText(record.details, "details");
  assertDate(record.calAccessTokenExpiresAt, "calAccessTokenExpiresAt");
  assertDate(record.calRefreshTokenExpiresAt, "calRefreshTokenExpiresAt");
  assertInteger(record.calUserId, "calUserId");
}

/** Refuses a state of connections that a database would change or can't store. */
export function assertStorableState({ userId, details, dueAt }: ConnectionStateWrite): void {
  assertStorableUserId(userId);
  if (details !== null) assertStorableText(details, "details");
  assertDate(dueAt, "dueAt");
}

/** Refuses a version that no record can have. */
export function assertVersion(version: number): void {
  assertInteger(version, "ifVersion");
}

/** Refuses text that a database would change or can't store. */
export function assertStorableText(value: string, name: string): void {
  if (typeof value !== "string") throw new CalValidationError(`${name} must be a string.`);
  if (value.includes("\0")) {
    throw new CalValidationError(`${name} contains a NUL character, which Postgres can't store.`);
  }
  if (!value.isWellFormed()) {
    throw new CalValidationError(
      `${name} contains half of a surrogate pair, which no database can store unchanged.`,
    );
  }
}

/** The secrets of a record, to be redacted in what a driver says about it. */
export function secretsOf({ calAccessToken, calRefreshToken, details }: TokenWrite): string[] {
  return [calAccessToken, calRefreshToken, details].filter((secret) => secret !== null);
}

/**
 * The first version of a new record: 1 to 2^30. Random, so that a record which is deleted and created again
 * does not get a version that it had before. Below half of what a 4-byte integer can store, so that it can grow.
 */
export function firstVersion(): number {
  const [random = 0] = crypto.getRandomValues(new Uint32Array(1));
  return (random >>> 2) + 1;
}

/** The keys under which leases and attempts are kept in one table. */
export const entryKey = {
  lease: (userId: string) => `lease:${userId}`,
  attempt: (id: string) => `attempt:${id}`,
};

function assertDate(value: Date | null, name: string): void {
  if (value !== null && Number.isNaN(value.getTime())) {
    throw new CalValidationError(`${name} is not a valid date.`);
  }
}

function assertInteger(value: number, name: string): void {
  if (!Number.isSafeInteger(value)) throw new CalValidationError(`${name} must be an integer.`);
}
