import { fork } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import {
  createSchema,
  sqliteConnectionStore,
  sqliteTokenStore,
  type LibsqlStatement,
} from "../../../src/stores/sqlite/sqlite-token-store.js";
import { connectionStoreProcessContract } from "../../../src/testing/contract/connection-store-processes.js";
import { connectionStoreContract } from "../../../src/testing/contract/connection-store-contract.js";
import { tokenStoreContract } from "../../../src/testing/contract/token-store-contract.js";
import { tokenStoreProcessContract } from "../../../src/testing/contract/token-store-processes.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { bundle } from "../../support/bundle.js";
import { createSqliteFile, openLibsql } from "../../support/sqlite.js";
import { testKeys } from "../../support/token-stores.js";

// The other drivers are tested with the runtimes that they need: test/e2e/runtimes/sqlite.test.ts.

let program: string;
let connectionProgram: string;
let database: ReturnType<typeof openLibsql>;
const cleanups: (() => unknown)[] = [];

beforeAll(async () => {
  const temporary = await createSqliteFile();
  database = openLibsql(temporary.file);
  cleanups.push(() => database.close(), temporary.remove);
  await createSchema(database, { connections: true });
  await createSchema(database, { ...others, connections: true, connectionTable: 'cal "connections"' });
  program = await bundle("store-process");
  connectionProgram = await bundle("connection-store-process");
});
afterAll(async () => {
  for (const cleanUp of cleanups) await cleanUp();
});

const others = {
  table: 'cal "tokens"',
  entryTable: "cal_entries",
  columns: { id: "token_id", userId: "user:id", calAccessToken: "access token", calServer: "cal_server" },
};

const ways: Record<string, () => TokenStore> = {
  plain: () => sqliteTokenStore({ database }),
  encrypted: () => encryptedTokenStore(sqliteTokenStore({ database }), { keys: testKeys }),
  "with other names": () => sqliteTokenStore({ database, ...others }),
};

describe.each(Object.entries(ways))("libsql, %s", (_, makeStore) => {
  for (const { name, run } of tokenStoreContract(makeStore)) test(name, run);
});

describe.each([{}, { table: 'cal "connections"' }])("libsql, the connection store %o", (names) => {
  const cases = connectionStoreContract(() => sqliteConnectionStore({ database, ...names }));
  for (const { name, run } of cases) test(name, run);
});

// The second is SQLite's default: a writer waits for readers too.
describe.each(["wal", "delete"])("libsql, several processes, journal_mode %s", (mode) => {
  let shared: Awaited<ReturnType<typeof createSqliteFile>>;
  let client: ReturnType<typeof openLibsql>;
  beforeAll(async () => {
    shared = await createSqliteFile();
    client = openLibsql(shared.file);
    const { rows } = await client.execute(`PRAGMA journal_mode = ${mode}`);
    expect(rows[0]).toMatchObject({ journal_mode: mode });
    await createSchema(client, { connections: true });
  });
  afterAll(async () => {
    client.close();
    await shared.remove();
  });

  const cases = tokenStoreProcessContract({
    makeStore: () => sqliteTokenStore({ database: client }),
    start: () => fork(program, ["libsql", shared.file], { execArgv: [] }),
    processes: 3,
  });
  for (const { name, run } of cases) test(name, run);

  describe("the connection store", () => {
    const cases = connectionStoreProcessContract({
      makeStore: () => sqliteConnectionStore({ database: client }),
      start: () => fork(connectionProgram, ["libsql", shared.file], { execArgv: [] }),
      processes: 3,
    });
    for (const { name, run } of cases) test(name, run);
  });
});

// Of a client for a server, such as Turso's, the store uses other methods than of one for a file.
describe("libsql, a client that is not for a file", () => {
  const remote = () => ({
    protocol: "http",
    execute: (statement: LibsqlStatement) => database.execute(statement),
    batch: (statements: (string | LibsqlStatement)[], mode?: "write" | "deferred") =>
      database.batch(statements, mode),
  });
  for (const { name, run } of tokenStoreContract(() => sqliteTokenStore({ database: remote() }))) {
    test(name, run);
  }
  const cases = connectionStoreContract(() => sqliteConnectionStore({ database: remote() }));
  for (const { name, run } of cases) test(name, run);
});
