// The contracts of a token store over a SQLite driver: one process, or several that share the file. A line for each rule.
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createSchema, sqliteTokenStore } from "calbridge/sqlite";
import { serveTokenStore, tokenStoreContract, tokenStoreProcessContract } from "calbridge/testing";
import { runContract } from "./contract.js";

const [role, driver, file, tools] = process.argv.slice(2);

const open = {
  "node:sqlite": async () => {
    const { DatabaseSync } = await import("node:sqlite");
    return new DatabaseSync(file);
  },
  "bun:sqlite": async () => {
    const { Database } = await import("bun:sqlite");
    return new Database(file);
  },
  "better-sqlite3": async () => {
    const Database = createRequire(join(tools, "index.js"))("better-sqlite3");
    return new Database(file);
  },
};

const database = await open[driver]();

if (role === "serve") {
  serveTokenStore(sqliteTokenStore({ database }));
} else {
  await createSchema(database);
  const makeStore = () => sqliteTokenStore({ database });
  const start = () => fork(import.meta.filename, ["serve", driver, file, tools]);
  const several = role === "processes";
  if (several) database.exec("PRAGMA journal_mode = WAL");
  const cases = several
    ? tokenStoreProcessContract({ makeStore, start, processes: 3 })
    : tokenStoreContract(makeStore);
  await runContract(cases, console.log);
  database.close();
}
