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
  $queryRawUnsafe(query: string): PromiseLike<Row[]>;
  /** `provider` in Prisma's schema. Not public, and in every Prisma since version 4. */
  _activeProvider?: string;
}

const methods = ["findMany", "create", "upsert", "updateMany", "deleteMany"] as const;

/** Providers whose clock has fractions of a second and a time zone, and whose text is compared exactly. */
const providers = ["postgresql", "postgres", "cockroachdb"];

/**
 * The client that reads from the primary database. With the read replicas extension reads would otherwise go to a
 * replica, which may not have the latest tokens yet.
 *
 * @throws {@link CalValidationError} for a client over a database that the stores don't work with.
 */
export function primaryOf(prisma: object): object {
  const { $primary } = Object(prisma) as PrismaClientShape;
  const primary = typeof $primary === "function" ? $primary.call(prisma) : prisma;
  const { _activeProvider: provider } = Object(primary) as PrismaClientShape;
  if (provider === undefined || providers.includes(provider)) return primary;
  const instead =
    provider === "sqlite"
      ? "Use calbridge/sqlite with a driver for the same file"
      : "Use a store for Postgres, SQLite or Redis, or write your own: docs/write-your-own-store.md in the package";
  throw new CalValidationError(
    `calbridge/prisma works over Postgres, and this client's provider is ${provider}. ${instead}.`,
  );
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
 * it needs no table, so this works whatever the model is mapped to.
 */
export async function databaseNow(prisma: object): Promise<Date> {
  const [row = {}] = await (prisma as PrismaClientShape).$queryRawUnsafe("SELECT CURRENT_TIMESTAMP AS now");
  const [now] = Object.values(row);
  if (now instanceof Date) return now;
  throw new CalStoreError("The database did not return its time.");
}
