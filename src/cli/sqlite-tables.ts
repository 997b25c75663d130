import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { isCalError } from "../errors.js";
import { sqliteConnectionStore } from "../stores/sqlite/sqlite-connection-store.js";
import { sqliteTokenStore } from "../stores/sqlite/sqlite-token-store.js";
import type { SqliteDatabase } from "../stores/sqlite/database.js";
import { wrong, type Finding } from "./checks/finding.js";
import { checkSqliteTables } from "./checks/sqlite-table.js";
import { UsageError, type CommandIo, type OptionValues } from "./command.js";
import { sqliteFile } from "./sqlite-file.js";
import { tableOptionsOf } from "./table-options.js";
import type { Tables } from "./tables.js";

/**
 * The path of the SQLite file that `DATABASE_URL` names: `file:calendar.db`, as libsql writes it, or a file URL.
 *
 * @throws {@link UsageError} if the URL has a host, or what no path can have.
 */
export function sqliteFileOf({ env, cwd }: CommandIo): string | undefined {
  const [, path] = /^file:([^?#]+)/.exec(env["DATABASE_URL"]?.trim() ?? "") ?? [];
  if (path === undefined) return undefined;
  if (!path.startsWith("//")) return resolve(cwd, path);
  try {
    return fileURLToPath(`file:${path}`);
  } catch {
    throw new UsageError(
      "DATABASE_URL does not name a file of this machine. Write file:calendar.db, or file:///srv/calendar.db.",
    );
  }
}

/** The tables in a SQLite file. */
export function sqliteTables(values: OptionValues, io: CommandIo, file: string): Tables {
  const { schema, ...options } = tableOptionsOf(values);
  if (schema !== undefined) throw new UsageError("--schema is for Postgres: a SQLite file has none.");
  const opened = sqliteFile(file, io.cwd);
  const database = opened?.database ?? noDatabase;
  const rows = sqliteTokenStore({ database, ...options });
  return {
    rows,
    connections: (table) => sqliteConnectionStore({ database, table }),
    check: () => checkSqliteTables(database, rows, options),
    async run(work) {
      const problem = opened ? fileProblem(file) : noDriver;
      if (problem) return [problem];
      try {
        return await work();
      } catch (error) {
        if (!isCalError(error)) throw error;
        return [{ level: "wrong", text: error.message }];
      } finally {
        opened?.close();
      }
    },
  };
}

const noDriver = wrong(
  "The token table was not checked: there is no package for SQLite here.",
  "npm install @libsql/client, or use Node.js 22.13 or newer.",
);

/** Never used: without a driver nothing runs. The stores need a database all the same. */
const noDatabase: SqliteDatabase = {
  prepare: () => ({ all: () => [] }),
  exec: () => undefined,
};

/** Opening a file that does not exist would create it. */
function fileProblem(file: string): Finding | undefined {
  if (existsSync(file)) return undefined;
  return wrong(`There is no database file ${file}.`, "DATABASE_URL=file:calendar.db is a path from here.");
}
