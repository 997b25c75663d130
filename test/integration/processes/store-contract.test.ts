import { execFile, fork } from "node:child_process";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryTokenStore } from "../../../src/stores/memory.js";
import { createSchema, postgresTokenStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { tokenStoreProcessContract } from "../../../src/testing/contract/token-store-processes.js";
import { encryptedTokenStore } from "../../../src/tokens/encryption/encrypted-token-store.js";
import type { TokenStore } from "../../../src/tokens/token-store.js";
import { rejection } from "../../support/client.js";
import { bundle } from "../../support/bundle.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { createPrisma, testKeys } from "../../support/token-stores.js";

let database: TestDatabase;
let file: string;

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
  file = await bundle("store-process");
  // The processes find the client generated.
  await (await createPrisma(database.url)).$disconnect();
});
afterAll(() => database.drop());

function start(kind: string) {
  return fork(file, [kind, database.url], { execArgv: [] });
}

const kinds: Record<string, () => TokenStore> = {
  pg: () => postgresTokenStore({ client: database.pool }),
  encrypted: () => encryptedTokenStore(postgresTokenStore({ client: database.pool }), { keys: testKeys }),
  prisma: () => postgresTokenStore({ client: database.pool }),
};

describe.each(Object.entries(kinds))("%s", (kind, makeStore) => {
  const cases = tokenStoreProcessContract({ makeStore, start: () => start(kind), processes: 3 });
  for (const { name, run } of cases) test(name, run);
});

test("a store that the processes do not share fails", async () => {
  const cases = tokenStoreProcessContract({
    makeStore: () => memoryTokenStore(),
    start: () => start("pg"),
    processes: 2,
  });
  for (const { run } of cases.slice(0, 2)) {
    expect(await rejection(run())).toMatchObject({ name: "TokenStoreContractError" });
  }
});

test("a process without a channel to its parent says how to start it", async () => {
  const { stderr } = await promisify(execFile)(process.execPath, [file, "pg", database.url]).catch(
    (error: unknown) => {
      return error as { stderr: string };
    },
  );
  expect(stderr).toContain("child_process.fork");
});

test("a process that does not serve a store fails the case, and says why", async () => {
  const [first] = tokenStoreProcessContract({
    makeStore: () => memoryTokenStore(),
    start: () => fork(new URL("../../support/setup.ts", import.meta.url), [], { execArgv: ["-e", "0"] }),
    processes: 2,
  });
  await expect(first!.run()).rejects.toThrow("a process ended before it called serveTokenStore");
});
