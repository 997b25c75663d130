import { CalStoreError, CalValidationError } from "../../errors.js";
import { readJsonRow } from "../json-rows.js";
import { isBusy } from "./errors.js";

/** How long SQLite itself waits for a lock with libsql. It stops the process meanwhile. */
const LIBSQL_BUSY_MS = 1_000;

/** What the statements send as a parameter. */
export type SqliteValue = string | number | null;

/** node:sqlite's `DatabaseSync`, better-sqlite3's and bun:sqlite's `Database`: `prepare(sql).all(...values)`. */
export interface SqliteDirectDatabase {
  /** Compiles a statement with parameters `?`. */
  prepare(sql: string): {
    /** Runs it and returns its rows. */
    all(...values: SqliteValue[]): unknown;
  };
  /** Runs statements without parameters. */
  exec(sql: string): unknown;
}

/** libsql, with a local file or Turso: the client that `createClient()` of `@libsql/client` returns. */
export interface LibsqlDatabase {
  /** Runs a statement with parameters `?`. */
  execute(statement: LibsqlStatement): PromiseLike<{ rows: unknown[] }>;
  /** Runs statements in one transaction. */
  batch(
    statements: (string | LibsqlStatement)[],
    mode?: "write" | "deferred",
  ): PromiseLike<{ rows: unknown[] }[]>;
  /** `file` for a local file. */
  protocol?: string;
  /** Closes its connections and opens others. */
  reconnect?(): unknown;
}

/** A statement of libsql. */
export interface LibsqlStatement {
  /** The statement, with parameters `?`. */
  sql: string;
  /** Its parameters. */
  args: SqliteValue[];
}

/** Cloudflare D1: the binding in a Worker's `env`. */
export interface D1Database {
  /** Compiles a statement with parameters `?`. */
  prepare(sql: string): D1Statement;
  /** Runs statements in one transaction. */
  batch(statements: never[]): PromiseLike<unknown>;
}

/** A statement of Cloudflare D1. */
export interface D1Statement {
  /** Gives it its parameters. */
  bind(...values: SqliteValue[]): {
    /** Runs it and returns its rows as `results`. */
    all(): PromiseLike<{ results: unknown[] }>;
  };
}

/** A database, recognized by its shape. */
export type SqliteDatabase = SqliteDirectDatabase | LibsqlDatabase | D1Database;

/** One way to use every driver. */
export interface SqliteDriver {
  /** Runs a statement. Each row that it returns is one column of JSON text; the result is what that JSON means. */
  all: (text: string, values: SqliteValue[]) => Promise<unknown[]>;
  /** Runs statements that return nothing, one after another. */
  exec: (statements: string[]) => Promise<void>;
}

/**
 * Recognizes the driver.
 *
 * @throws {@link CalValidationError} for what is not a database.
 */
export function sqliteDriver(database: SqliteDatabase): SqliteDriver {
  const { rows, exec } = driverOf(database);
  return {
    async all(text, values) {
      const found = await rows(text, values);
      if (!Array.isArray(found)) {
        throw new CalStoreError("The SQLite driver returned a result without rows.");
      }
      return found.map((row: unknown) => readJsonRow(row, "SQLite driver"));
    },
    exec: async (statements) => {
      await exec(statements);
    },
  };
}

interface Driver {
  rows: (text: string, values: SqliteValue[]) => unknown;
  exec: (statements: string[]) => unknown;
}

/** What looks like a database, but can't be used as one: how to recognize it, and what to pass. */
const unsupported: readonly { has: string[]; advice: string }[] = [
  { has: ["$client"], advice: "This is Drizzle's db: pass db.$client." },
  {
    has: ["$queryRawUnsafe"],
    advice:
      "This is a Prisma client: pass a database of its own, such as that of better-sqlite3 for the same file.",
  },
  {
    has: ["executeQuery", "selectFrom"],
    advice: "This is Kysely: pass the database that its dialect was created with.",
  },
  { has: ["syncUntil"], advice: "This is the package libsql: pass a client of @libsql/client." },
  {
    has: ["each", "configure"],
    advice: "This is the package sqlite3: use better-sqlite3, @libsql/client or node:sqlite.",
  },
];

function driverOf(database: SqliteDatabase): Driver {
  // JavaScript may pass anything: the path of a file, a module's whole namespace, or nothing at all.
  const given = Object(database) as Partial<SqliteDirectDatabase & LibsqlDatabase & D1Database>;
  const known = unsupported.find(({ has }) => has.every((name) => name in given));
  if (known) throw new CalValidationError(`database is not a SQLite database. ${known.advice}`);
  const has = (...names: string[]) => {
    return names.every((name) => typeof (given as Record<string, unknown>)[name] === "function");
  };
  // Drivers differ in more than these methods, but no two of them have the same of these.
  if (has("execute", "batch")) return libsql(database as LibsqlDatabase);
  if (has("prepare", "batch")) return d1(database as D1Database);
  if (has("prepare", "exec")) return direct(database as SqliteDirectDatabase);
  throw new CalValidationError(
    "database must be a database of node:sqlite, better-sqlite3, bun:sqlite, libsql or Cloudflare D1.",
  );
}

function direct(database: SqliteDirectDatabase): Driver {
  return {
    rows: (text, values) => database.prepare(text).all(...values),
    exec: (statements) => statements.forEach((statement) => void database.exec(statement)),
  };
}

function libsql(database: LibsqlDatabase): Driver {
  const rows =
    database.protocol === "file"
      ? (text: string, values: SqliteValue[]) => libsqlFileRows(database, { sql: text, args: values })
      : async (text: string, values: SqliteValue[]) =>
          (await database.execute({ sql: text, args: values })).rows;
  return { rows, exec: (statements) => database.batch(statements, "write") };
}

/**
 * libsql 0.5 doesn't reset a statement that failed with SQLITE_BUSY. Until it is garbage collected, SQLite commits nothing
 * more on that connection by itself: later statements seem to succeed, and are rolled back in the end. In a transaction of
 * its own a statement at least fails then. So that this is rare, SQLite waits for the lock; after it, new connections
 * are opened.
 */
async function libsqlFileRows(database: LibsqlDatabase, statement: LibsqlStatement): Promise<unknown> {
  try {
    const wait = `PRAGMA busy_timeout = ${LIBSQL_BUSY_MS}`;
    // Deferred: the pragma comes before the lock.
    const [, result] = await database.batch([wait, statement], "deferred");
    return result?.rows;
  } catch (error) {
    if (isBusy(error)) await database.reconnect?.();
    throw error;
  }
}

function d1(database: D1Database): Driver {
  return {
    rows: async (text, values) =>
      (
        await database
          .prepare(text)
          .bind(...values)
          .all()
      ).results,
    exec: (statements) =>
      database.batch(statements.map((statement) => database.prepare(statement)) as never[]),
  };
}
