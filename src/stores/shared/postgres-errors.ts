import { CalStoreError } from "../../errors.js";
import { redactError } from "../../redact.js";

/** What to do about the errors that an application can do something about, by their SQLSTATE. */
const advice: Readonly<Record<string, string>> = {
  "42P01": "The table is not there: run `calbridge schema` and apply what it prints.",
  "42703": "The table lacks columns: run `calbridge schema` and apply what it prints.",
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
  const reason = code === undefined ? "the database or its driver failed" : `the database answered ${code}`;
  const help = code === undefined ? undefined : advice[code];
  return new CalStoreError(`Could not ${doing}: ${reason}.${help === undefined ? "" : ` ${help}`}`, {
    cause,
  });
}
