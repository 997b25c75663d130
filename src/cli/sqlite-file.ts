import { createRequire } from "node:module";
import { join } from "node:path";
import type { LibsqlDatabase, SqliteDatabase, SqliteDirectDatabase } from "../stores/sqlite/database.js";

/** A database file that is opened when it is first used. */
export interface SqliteFile {
  database: SqliteDatabase;
  close: () => void;
}

interface Closable {
  close(): void;
}

type Libsql = { createClient: (options: { url: string }) => LibsqlDatabase & Closable };
type DirectClass = new (file: string) => SqliteDirectDatabase & Closable;

/**
 * The file, with what the application has installed for SQLite, or with Node.js's own. `undefined` if there is neither.
 */
export function sqliteFile(file: string, cwd: string): SqliteFile | undefined {
  const load = createRequire(join(cwd, "package.json"));
  const libsql = loaded(() => load("@libsql/client")) as Libsql | undefined;
  if (libsql) return libsqlFile(() => libsql.createClient({ url: `file:${file}` }));
  const builtIn = loaded(() => load("node:sqlite")) as { DatabaseSync: DirectClass } | undefined;
  const Direct = (loaded(() => load("better-sqlite3")) as DirectClass | undefined) ?? builtIn?.DatabaseSync;
  return Direct && directFile(() => new Direct(file));
}

function loaded(load: () => unknown): unknown {
  try {
    return load();
  } catch (error) {
    const { code } = Object(error) as { code?: unknown };
    if (code === "MODULE_NOT_FOUND" || code === "ERR_UNKNOWN_BUILTIN_MODULE") return undefined;
    throw error;
  }
}

function libsqlFile(open: () => LibsqlDatabase & Closable): SqliteFile {
  const { get, close } = once(open);
  return {
    database: {
      protocol: "file",
      execute: (statement) => get().execute(statement),
      batch: (statements, mode) => get().batch(statements, mode),
      reconnect: () => get().reconnect?.(),
    },
    close,
  };
}

function directFile(open: () => SqliteDirectDatabase & Closable): SqliteFile {
  const { get, close } = once(open);
  return { database: { prepare: (sql) => get().prepare(sql), exec: (sql) => get().exec(sql) }, close };
}

function once<T extends Closable>(open: () => T): { get: () => T; close: () => void } {
  let opened: T | undefined;
  return { get: () => (opened ??= open()), close: () => opened?.close() };
}
