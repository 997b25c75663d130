import { CalStoreError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

const BUSY = 5;

/** SQLite's result codes that an application can do something about, by their number and name. */
const results: readonly { number: number; name: string; reason: string; advice?: string }[] = [
  {
    number: BUSY,
    name: "SQLITE_BUSY",
    reason: "another connection is writing, and has not finished in time",
    advice: "Keep transactions short: all writers of a file wait for one another.",
  },
  { number: 8, name: "SQLITE_READONLY", reason: "the database may not be written" },
  { number: 11, name: "SQLITE_CORRUPT", reason: "the database file is damaged" },
  {
    number: 13,
    name: "SQLITE_FULL",
    reason: "the disk is full, or the database has reached its largest size",
  },
  { number: 14, name: "SQLITE_CANTOPEN", reason: "the database file can't be opened" },
  { number: 26, name: "SQLITE_NOTADB", reason: "the file is not a SQLite database" },
];

/** What to do about errors that SQLite has no code of their own for. All drivers keep SQLite's own message. */
const messages: readonly { message: RegExp; advice: string }[] = [
  {
    message: /FOREIGN KEY constraint failed|no such table: main\./,
    advice: "The application has no such user: write the user's own row first.",
  },
  {
    message: /no such table/,
    advice:
      "The tables are missing: run `npx calbridge {schema}` and apply what it prints, or pass createTables: true.",
  },
  {
    // SQLite can't add a column only where it is missing, so the printed SQL does not.
    message: /no such column|has no column named/,
    advice:
      "A table lacks a column: add it with ALTER TABLE ... ADD COLUMN, as `npx calbridge {schema}` prints it.",
  },
  {
    message: /ON CONFLICT clause does not match/,
    advice: "A unique index is missing: run `npx calbridge {schema}` and apply what it prints.",
  },
  {
    message: /UNIQUE constraint failed/,
    advice: "A unique constraint of the application's own refuses the row.",
  },
];

/** Whether another connection has locked the database, so that the statement can be sent again. */
export function isBusy(error: unknown): boolean {
  if (resultOf(error)?.number === BUSY) return true;
  // libsql's client: another statement has had its connections opened again before this one was sent.
  const { code, message } = Object(error) as Record<string, unknown>;
  return code === "CLIENT_CLOSED" && String(message).includes("in flight");
}

/**
 * What a driver threw, as an error of this package. The cause keeps the driver's message, without the secrets.
 *
 * @param schema - The command that prints the tables.
 */
export function sqliteError(
  action: string,
  error: unknown,
  secrets: Iterable<string>,
  schema: string,
): CalStoreError {
  const cause = redactError(error, secrets);
  const result = resultOf(error);
  const known = result ?? messages.find(({ message }) => message.test(cause.message));
  const advice = known?.advice?.replace("{schema}", schema);
  const reason = result?.reason ?? "the database or its driver failed";
  return new CalStoreError(`Could not ${action}: ${reason}.${advice === undefined ? "" : ` ${advice}`}`, {
    cause,
  });
}

/** The result code: a number in node:sqlite and bun:sqlite, a name in better-sqlite3, libsql and D1's messages. */
function resultOf(error: unknown): (typeof results)[number] | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  const { errcode, errno, code, message } = error as Record<string, unknown>;
  const number = errcode ?? errno;
  // An extended code, such as SQLITE_BUSY_SNAPSHOT, has the code in its lowest byte.
  if (typeof number === "number" && number > 0) {
    return results.find((result) => result.number === (number & 0xff));
  }
  const text = `${String(code)} ${String(message)}`;
  return results.find(({ name }) => text.includes(name));
}
