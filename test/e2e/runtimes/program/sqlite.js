// The contracts of a token store or a connection store over a SQLite driver: one process, or several that share the file. A
// line for each rule.
import { fork } from "node:child_process";
import { createRequire } from "node:module";
import { join } from "node:path";
import { createSchema, sqliteConnectionStore, sqliteTokenStore } from "calbridge/sqlite";
import {
  connectionStoreContract,
  connectionStoreProcessContract,
  serveConnectionStore,
  serveTokenStore,
  tokenStoreContract,
  tokenStoreProcessContract,
} from "calbridge/testing";
import { runContract } from "./contract.js";

const [store, role, driver, file, tools] = process.argv.slice(2);

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

const stores = {
  tokens: {
    makeStore: () => sqliteTokenStore({ database }),
    serve: serveTokenStore,
    one: tokenStoreContract,
    processes: tokenStoreProcessContract,
  },
  connections: {
    makeStore: () => sqliteConnectionStore({ database }),
    serve: serveConnectionStore,
    one: connectionStoreContract,
    processes: connectionStoreProcessContract,
  },
};
const { makeStore, serve, one, processes } = stores[store];

if (role === "serve") {
  serve(makeStore());
} else {
  await createSchema(database, { connections: true });
  const start = () => fork(import.meta.filename, [store, "serve", driver, file, tools]);
  const several = role === "processes";
  if (several) database.exec("PRAGMA journal_mode = WAL");
  const cases = several ? processes({ makeStore, start, processes: 3 }) : one(makeStore);
  await runContract(cases, console.log);
  database.close();
}
