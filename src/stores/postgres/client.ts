import { CalStoreError, CalValidationError } from "../../errors.js";

/** `pg`'s Pool and Client, PGlite, Neon's and Vercel's drivers: anything with `query(text, values)`. */
export interface PostgresQueryClient {
  /** Runs a statement with parameters `$1`, `$2`, ... */
  query(text: string, values: (string | null)[]): PromiseLike<unknown>;
}

/** postgres.js: the `sql` that `postgres(url)` answers. */
export interface PostgresJsClient {
  /** Runs a statement with parameters `$1`, `$2`, ... */
  unsafe(text: string, values: (string | null)[]): PromiseLike<unknown>;
}

/** A driver, or its pool, known by its shape. */
export type PostgresClient = PostgresQueryClient | PostgresJsClient;

/** A row whose every column was asked for as text. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Sends one statement, answers its rows. */
export type RunStatement = (text: string, values?: (string | null)[]) => Promise<TextRow[]>;

/** One way to send a statement over every driver. None is sent as a named prepared statement. */
export function statementRunner(client: PostgresClient): RunStatement {
  const send = senderOf(client);
  return async (text, values = []) => {
    const result = await send(text, values);
    // Neon's HTTP driver and postgres.js answer the rows themselves.
    const rows: unknown = Array.isArray(result)
      ? result
      : (result as { rows?: unknown } | null | undefined)?.rows;
    if (!Array.isArray(rows)) throw new CalStoreError("The Postgres client answered a query without rows.");
    return rows as TextRow[];
  };
}

function senderOf(client: PostgresClient): (text: string, values: (string | null)[]) => PromiseLike<unknown> {
  // JavaScript may pass anything, a module's whole namespace or nothing at all.
  const { query, unsafe } = Object(client) as Partial<PostgresQueryClient & PostgresJsClient>;
  // Neon's HTTP driver has both; its `unsafe` only marks a piece of SQL.
  if (typeof query === "function") return query.bind(client);
  if (typeof unsafe === "function") return unsafe.bind(client);
  throw new CalValidationError("client must have query(text, values), as pg has, or be postgres.js's sql.");
}
