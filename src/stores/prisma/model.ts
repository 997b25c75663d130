import { CalStoreError, CalValidationError, isCalError } from "../../errors.js";
import { redactError } from "../../lib/redact.js";

/** What a token store uses of a Prisma model. */
export interface PrismaModel {
  findMany(args: object): PromiseLike<Record<string, unknown>[]>;
  create(args: object): PromiseLike<Record<string, unknown>>;
  updateMany(args: object): PromiseLike<{ count: number }>;
  deleteMany(args: object): PromiseLike<{ count: number }>;
}

/** The client's model of that name. */
export function modelOf(prisma: object, name: string): PrismaModel {
  const model = (Object(prisma) as Record<string, Partial<PrismaModel> | undefined>)[name];
  for (const method of ["findMany", "create", "updateMany", "deleteMany"] as const) {
    if (typeof model?.[method] === "function") continue;
    throw new CalValidationError(
      `prisma.${name} is not a model of this client. Pass the token model's name as \`model\`; \`npx calbridge schema --prisma\` prints one.`,
    );
  }
  return model as PrismaModel;
}

/**
 * The database's clock. Two processes whose own clocks differ agree on when a lease ends only by one
 * clock. It takes no table to read it, so this works whatever the model is mapped to. Prisma has no raw
 * SQL for MongoDB: there the process's clock has to do.
 */
export async function databaseNow(prisma: object): Promise<Date> {
  if (!("$queryRawUnsafe" in prisma) || typeof prisma.$queryRawUnsafe !== "function") return new Date();
  const client = prisma as { $queryRawUnsafe(query: string): PromiseLike<Record<string, unknown>[]> };
  const [row = {}] = await client.$queryRawUnsafe("SELECT CURRENT_TIMESTAMP AS now");
  const [now] = Object.values(row);
  if (now instanceof Date) return now;
  // SQLite says "2026-01-31 12:00:00" and means UTC.
  const parsed = new Date(typeof now === "string" ? `${now.replace(" ", "T")}Z` : Number.NaN);
  if (Number.isNaN(parsed.getTime())) throw new CalStoreError("The database did not say what time it is.");
  return parsed;
}

/** What to do about the errors that an application can do something about, by Prisma's code. */
const advice: Readonly<Record<string, string>> = {
  P2003: "The application has no such user: write the user's own row first.",
  P2021: "The table is not there: run `npx calbridge schema` and apply what it prints.",
  P2022: "The table lacks columns: run `npx calbridge schema` and apply what it prints.",
};

/** Whether Prisma says that a unique constraint refused a row. */
export function isUniqueViolation(error: unknown): boolean {
  return codeOf(error) === "P2002";
}

/** What Prisma threw, as an error of ours, without the record's secrets. */
export function prismaError(doing: string, error: unknown, secrets: Iterable<string>): Error {
  if (isCalError(error)) return error;
  const cause = redactError(error, secrets);
  const code = codeOf(cause);
  let reason = code === undefined ? "Prisma failed." : `Prisma answered ${code}.`;
  if (cause.name === "PrismaClientValidationError") {
    reason =
      "the model lacks a field or has it with another type. Compare it with `npx calbridge schema --prisma`.";
  } else if (code !== undefined && advice[code] !== undefined) {
    reason += ` ${advice[code]}`;
  }
  return new CalStoreError(`Could not ${doing}: ${reason}`, { cause });
}

function codeOf(error: unknown): string | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  return typeof error.code === "string" ? error.code : undefined;
}
