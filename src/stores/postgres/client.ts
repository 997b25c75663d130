import { CalStoreError, CalValidationError } from "../../errors.js";
import { readJsonRow } from "../json-rows.js";

/** `pg`'s Pool and Client, PGlite, Neon's and Vercel's drivers, TypeORM's DataSource: anything with `query(text, values)`. */
export interface PostgresQueryClient {
  /** Runs a statement with parameters `$1`, `$2`, ... */
  query(text: string, values: (string | null)[]): PromiseLike<unknown>;
}

/** postgres.js: the `sql` that `postgres(url)` returns. */
export interface PostgresJsClient {
  /** Runs a statement with parameters `$1`, `$2`, ... */
  unsafe(text: string, values: (string | null)[]): PromiseLike<unknown>;
}

/** A driver, or its pool, recognized by its shape. */
export type PostgresClient = PostgresQueryClient | PostgresJsClient;

/** Sends one statement. Each row that it returns has one column of JSON text; the result is what that JSON means. */
export type RunStatement = (text: string, values?: (string | null)[]) => Promise<unknown[]>;

/**
 * One way to send a statement with every driver. None is sent as a named prepared statement. Drivers, and what is
 * built on them, differ in the type parsers, in the names of columns and in the shape of a result. So each statement
 * is a SELECT of one column of text, which is read by position.
 */
export function statementRunner(client: PostgresClient): RunStatement {
  const send = senderOf(client);
  return async (text, values = []) =>
    rowsOf(await send(text, values)).map((row) => readJsonRow(row, "Postgres client"));
}

function rowsOf(result: unknown): unknown[] {
  if (!Array.isArray(result)) {
    const { rows } = Object(result) as { rows?: unknown };
    if (Array.isArray(rows)) return rows;
    throw new CalStoreError("The Postgres client returned a result without rows.");
  }
  // Neon's HTTP driver and postgres.js return the rows, others return [rows, metadata].
  const [first, second] = result as unknown[];
  return result.length === 2 && Array.isArray(first) && !Array.isArray(second) ? first : result;
}

const OTHER_DATABASE =
  "To keep tokens there, write your own store: docs/write-your-own-store.md in the package.";

/** What has a `query` or looks like a driver, but can't be used as one: how to recognize it, and what to pass. */
const unsupported: readonly { has: string[]; advice: string }[] = [
  {
    has: ["$queryRawUnsafe"],
    advice: "This is a Prisma client: use prismaTokenStore from calbridge/prisma.",
  },
  { has: ["$client"], advice: "This is Drizzle's db: pass db.$client." },
  {
    has: ["dialect", "session"],
    advice: "This is a transaction of Drizzle's, or an older db: pass the pool that it was created with.",
  },
  {
    has: ["getQueryInterface", "getDialect"],
    advice:
      // With an empty list it would look for parameters in what is quoted by dollars.
      "This is Sequelize: pass { query: (text, values) => " +
      'sequelize.query(text, { bind: values.length > 0 ? values : undefined, type: "SELECT" }) }.',
  },
  {
    has: ["executeQuery", "selectFrom"],
    advice:
      "This is Kysely: pass the driver's pool, or { query: (text, values) => db.executeQuery(CompiledQuery.raw(text, values)) }.",
  },
  {
    has: ["raw", "client", "schema"],
    advice:
      "This is Knex: pass { query: async (text, values) => { const connection = await knex.client.acquireConnection(); " +
      "try { return await connection.query(text, values); } finally { await knex.client.releaseConnection(connection); } } }.",
  },
  // mysql2 and mariadb, with their connections, and mssql.
  { has: ["query", "getConnection"], advice: `This is MySQL. ${OTHER_DATABASE}` },
  { has: ["query", "changeUser"], advice: `This is MySQL. ${OTHER_DATABASE}` },
  { has: ["query", "request", "batch"], advice: `This is SQL Server. ${OTHER_DATABASE}` },
  { has: ["prepare", "exec"], advice: "This is SQLite: use sqliteTokenStore from calbridge/sqlite." },
];

/** What a client is, if it can't be used, and what to do about it. */
function adviceFor(given: object): string | undefined {
  const type = typeOrmType(given);
  if (type !== undefined && !["postgres", "aurora-postgres", "cockroachdb"].includes(type)) {
    return `This is TypeORM over ${type}. ${OTHER_DATABASE}`;
  }
  return unsupported.find(({ has }) => has.every((name) => name in given))?.advice;
}

/** `type` of TypeORM's DataSource, EntityManager or QueryRunner; `undefined` for anything else. */
function typeOrmType(given: object): string | undefined {
  const { dataSource, connection } = given as { dataSource?: object; connection?: object };
  const source = Object(dataSource ?? connection ?? given) as { options?: { type?: unknown } };
  const type = "createQueryRunner" in source ? source.options?.type : undefined;
  return typeof type === "string" ? type : undefined;
}

function senderOf(client: PostgresClient): (text: string, values: (string | null)[]) => PromiseLike<unknown> {
  // JavaScript may pass anything: a module's whole namespace, or nothing at all.
  const given = Object(client) as Partial<PostgresQueryClient & PostgresJsClient>;
  const advice = adviceFor(given);
  if (advice !== undefined) throw new CalValidationError(`client is not a Postgres driver. ${advice}`);
  const { query, unsafe } = given;
  // Neon's HTTP driver has both; its `unsafe` only marks a piece of SQL.
  if (typeof query === "function") return query.bind(client);
  if (typeof unsafe === "function") return unsafe.bind(client);
  throw new CalValidationError(
    "client must have query(text, values), as pg has, or be postgres.js's sql. With any other library: a Pool of pg.",
  );
}
