import { CalStoreError, isCalError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

/** What to do about the errors that an application can do something about, by Prisma's code. */
const advice: Readonly<Record<string, string>> = {
  P2000:
    "A column is too short for the value. Tokens and details need TEXT (in Prisma: String without @db.VarChar).",
  P2003: "The application has no such user: write the user's own row first.",
  P2007: "The user id, or another value, does not have the type of its column.",
  P2021: "The table does not exist: run `npx calbridge schema` and apply what it prints.",
  P2022: "The table lacks columns: run `npx calbridge schema` and apply what it prints.",
  P2023: "The user id, or another value, does not have the type of its column.",
};

/** Whether Prisma says that a unique constraint refused a row. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === "P2002";
}

/** Runs work, and turns what Prisma throws into an error of this package without the record's secrets. */
export async function withPrismaErrors<Result>(
  action: string,
  work: () => PromiseLike<Result>,
  secrets: Iterable<string> = [],
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    // Whatever Prisma throws: the database's errors, a lost connection, a model that doesn't fit.
    throw isCalError(error) ? error : prismaError(action, error, secrets);
  }
}

function prismaError(action: string, error: unknown, secrets: Iterable<string>): CalStoreError {
  const cause = redactError(error, secrets);
  const code = codeOf(cause);
  let reason = code === undefined ? "Prisma failed." : `Prisma returned ${code}.`;
  if (cause.name === "PrismaClientValidationError") {
    reason =
      "the model lacks a field or has it with another type. Compare it with `npx calbridge schema --prisma`.";
  } else if (code !== undefined && advice[code] !== undefined) {
    reason += ` ${advice[code]}`;
  }
  return new CalStoreError(`Could not ${action}: ${reason}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
