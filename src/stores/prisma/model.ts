import { CalStoreError, CalValidationError } from "../../errors.js";

/** A row as Prisma returns it, by field. */
export type Row = Record<string, unknown>;

/** What a token store uses of a Prisma model. */
export interface PrismaModel {
  findMany(args: object): PromiseLike<Row[]>;
  create(args: object): PromiseLike<Row>;
  upsert(args: object): PromiseLike<Row>;
  updateMany(args: object): PromiseLike<{ count: number }>;
  deleteMany(args: object): PromiseLike<{ count: number }>;
  /** References to the fields, with their types; Prisma has them since version 5. */
  fields?: Readonly<Record<string, { typeName?: string } | undefined>>;
}

/** What a token store uses of a Prisma client, besides its models. */
interface PrismaClientShape {
  $primary?: () => object;
  $queryRawUnsafe?: (query: string) => PromiseLike<Row[]>;
}

const methods = ["findMany", "create", "upsert", "updateMany", "deleteMany"] as const;

/**
 * The client that reads from the primary database. With the read replicas extension reads would otherwise go to a
 * replica, which may not have the latest tokens yet.
 */
export function primaryOf(prisma: object): object {
  const { $primary } = Object(prisma) as PrismaClientShape;
  return typeof $primary === "function" ? $primary.call(prisma) : prisma;
}

/**
 * The client's model of that name, with these fields.
 *
 * @throws {@link CalValidationError} if the client doesn't have it.
 */
export function modelOf(
  prisma: object,
  name: string,
  { option, fields }: { option: string; fields: readonly string[] },
): PrismaModel {
  const model = (Object(prisma) as Record<string, Partial<PrismaModel> | undefined>)[name];
  const add =
    "`npx calbridge schema --prisma` prints the models: add what is missing, and run `npx prisma generate`.";
  if (!methods.every((method) => typeof model?.[method] === "function")) {
    throw new CalValidationError(
      `prisma.${name} is not a model of this client. ${add} If the model has another name: option \`${option}\`.`,
    );
  }
  // Object.keys: the object of fields is a proxy, which claims to have any property.
  const present = model?.fields && Object.keys(model.fields);
  const missing = present ? fields.filter((field) => !present.includes(field)) : [];
  if (missing.length > 0) {
    throw new CalValidationError(`prisma.${name} lacks the fields ${missing.join(", ")}. ${add}`);
  }
  return model as PrismaModel;
}

/** A `select` that names every field: what the client's `omit` hides would be `undefined`. */
export function selectAll(fields: readonly string[]): Record<string, true> {
  return Object.fromEntries(fields.map((field) => [field, true]));
}

/**
 * Refuses a row that lacks a field. Prisma leaves out of a `where` what is `undefined`, so such a value would select
 * other rows.
 *
 * @throws {@link CalStoreError}
 */
export function assertWhole(row: Row, fields: readonly string[]): Row {
  const missing = fields.filter((field) => row[field] === undefined);
  if (missing.length === 0) return row;
  throw new CalStoreError(
    `The Prisma client returned a row without ${missing.join(", ")}. Does an extension of the client hide fields?`,
  );
}

/**
 * The database's clock. Two processes whose own clocks differ agree on when a lease expires only by one clock. Reading
 * it needs no table, so this works whatever the model is mapped to. Prisma has no raw SQL for MongoDB: the process's
 * clock is used there.
 */
export async function databaseNow(prisma: object): Promise<Date> {
  const client = prisma as PrismaClientShape;
  if (typeof client.$queryRawUnsafe !== "function") return new Date();
  const [row = {}] = await client.$queryRawUnsafe("SELECT CURRENT_TIMESTAMP AS now");
  const [now] = Object.values(row);
  if (now instanceof Date) return now;
  // SQLite returns "2026-01-31 12:00:00" and means UTC.
  const parsed = new Date(typeof now === "string" ? `${now.replace(" ", "T")}Z` : Number.NaN);
  if (Number.isNaN(parsed.getTime())) throw new CalStoreError("The database did not return its time.");
  return parsed;
}
