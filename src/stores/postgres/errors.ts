import { CalStoreError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

/** What to do about the errors that an application can do something about, by their SQLSTATE. */
const advice: Readonly<Record<string, string>> = {
  "42P01": "The table does not exist: run `npx calbridge {schema}` and apply what it prints.",
  "42703": "The table lacks columns: run `npx calbridge {schema}` and apply what it prints.",
  "42P10":
    "The table of leases and attempts has no primary key: run `npx calbridge schema` and apply what it prints.",
  "3F000": "The schema does not exist.",
  "42501":
    "The database role may not do that: it needs SELECT, INSERT, UPDATE and DELETE on the token table and on the table of leases and attempts.",
  "23503": "The application has no such user: write the user's own row first.",
  "22001":
    "A column is too short for the value. Tokens and details need TEXT: ALTER TABLE ... ALTER COLUMN ... TYPE TEXT. `npx calbridge doctor` names the column.",
  "22P02": "The user id, or another value, does not have the type of its column.",
  "22003": "A number is too large for the type of its column.",
};

/** The SQLSTATE of a unique violation. */
export const UNIQUE_VIOLATION = "23505";

/**
 * What a driver threw, as an error of this package. The cause keeps the driver's message, without the record's
 * secrets and without `detail`, which repeats the row.
 *
 * @param schema - The command that prints the table.
 */
export function postgresError(
  action: string,
  error: unknown,
  secrets: Iterable<string>,
  schema = "schema",
): CalStoreError {
  const cause = redactError(error, secrets);
  const code = codeOf(error);
  // An ORM's error has the driver's error, and so the code, in a property that the copy lacks.
  if (code !== undefined && codeOf(cause) === undefined) Object.assign(cause, { code: safe(code) });
  const help = code === undefined ? undefined : advice[code]?.replace("{schema}", schema);
  return new CalStoreError(`Could not ${action}: ${reasonOf(code)}.${help === undefined ? "" : ` ${help}`}`, {
    cause,
  });
}

/** The SQLSTATE, or the driver's own code, of what a driver threw, or of the driver's error that an ORM has wrapped. */
export function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { code, original, driverError, cause } = error as Record<string, unknown>;
  if (typeof code === "string") return code;
  const wrapped = original ?? driverError ?? cause;
  // Some drivers make a circle of causes.
  return wrapped === error ? undefined : codeOf(wrapped);
}

function reasonOf(code: string | undefined): string {
  if (code === undefined) return "the database or its driver failed";
  // The operating system's codes, such as ECONNREFUSED, and those of postgres.js, such as CONNECT_TIMEOUT.
  if (/^(E(AI_)?[A-Z]+|CONNECT\w+)$/.test(code)) return `the database could not be reached (${code})`;
  // An SQLSTATE has five characters. Others are the driver's own.
  return /^[0-9A-Z]{5}$/.test(code)
    ? `the database returned ${code}`
    : `the database's driver failed (${safe(code)})`;
}

function safe(code: string): string {
  return /^\w{1,64}$/.test(code) ? code : "another code";
}
