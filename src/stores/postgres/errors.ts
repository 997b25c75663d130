import { CalStoreError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

/** What to do about the errors that an application can do something about, by their SQLSTATE. */
const advice: Readonly<Record<string, string>> = {
  "42P01": "The table is not there: run `npx calbridge schema` and apply what it prints.",
  "42703": "The table lacks columns: run `npx calbridge schema` and apply what it prints.",
  "3F000": "The schema is not there.",
  "42501": "The database role may not do that: it needs SELECT, INSERT, UPDATE and DELETE on the table.",
  "23503": "The application has no such user: write the user's own row first.",
};

/**
 * What a driver threw, as an error of ours. The cause keeps the driver's message, without the record's
 * secrets and without `detail`, which repeats the row.
 */
export function postgresError(doing: string, error: unknown, secrets: Iterable<string>): CalStoreError {
  const cause = redactError(error, secrets);
  const code = "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
  const help = code === undefined ? undefined : advice[code];
  return new CalStoreError(`Could not ${doing}: ${reasonOf(code)}.${help === undefined ? "" : ` ${help}`}`, {
    cause,
  });
}

function reasonOf(code: string | undefined): string {
  if (code === undefined) return "the database or its driver failed";
  // The operating system's words, such as ECONNREFUSED, and those of postgres.js, such as CONNECT_TIMEOUT.
  if (/^(E(AI_)?[A-Z]+|CONNECT\w+)$/.test(code)) return `the database could not be reached (${code})`;
  // An SQLSTATE has five characters; all else is a driver's own.
  return code.length === 5 ? `the database answered ${code}` : `the database's driver failed (${code})`;
}
