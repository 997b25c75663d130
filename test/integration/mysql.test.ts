import { fork } from "node:child_process";
import { createPool, type Pool } from "mysql2/promise";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { mysqlTokenStore, schema } from "../../examples/mysql/mysql-token-store.js";
import { encryptedTokenStore } from "../../src/index.js";
import { tokenStoreContract, tokenStoreProcessContract } from "../../src/testing/index.js";
import { bundle } from "../support/bundle.js";
import { hasMariadb, startMariadb } from "../support/mariadb-server.js";
import { requireServer } from "../support/require-server.js";
import { testKeys, tokens } from "../support/token-stores.js";

// The worked example of docs/write-your-own-store.md, on a real MariaDB.
requireServer("mariadbd", hasMariadb);

describe.runIf(hasMariadb)("MariaDB", () => {
  let server: Awaited<ReturnType<typeof startMariadb>>;
  let pool: Pool;
  let program: string;
  beforeAll(async () => {
    program = await bundle("mysql-process");
    server = await startMariadb();
    pool = createPool(server.url);
    for (const statement of schema) await pool.query(statement);
  });
  afterAll(async () => {
    await pool.end();
    await server.stop();
  });

  for (const { name, run } of tokenStoreContract(() => mysqlTokenStore(pool))) test(name, run);

  describe("encrypted", () => {
    const cases = tokenStoreContract(() => encryptedTokenStore(mysqlTokenStore(pool), { keys: testKeys }));
    for (const { name, run } of cases) test(name, run);
  });

  const processes = tokenStoreProcessContract({
    makeStore: () => mysqlTokenStore(pool),
    start: () => fork(program, [server.url], { execArgv: [] }),
    processes: 3,
  });
  for (const { name, run } of processes) test(name, run);

  test("a trailing space makes another user", async () => {
    const store = mysqlTokenStore(pool);
    await store.set(tokens("space"), { ifVersion: null });
    expect(await store.get("space ")).toBe(null);
    expect(await store.delete("SPACE")).toBe(false);
  });
});
