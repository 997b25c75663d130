import { fork } from "node:child_process";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { memoryConnectionStore } from "../../../src/stores/memory-connections.js";
import { createSchema, postgresConnectionStore } from "../../../src/stores/postgres/postgres-token-store.js";
import { connectionStoreProcessContract } from "../../../src/testing/contract/connection-store-processes.js";
import { bundle } from "../../support/bundle.js";
import { rejection } from "../../support/client.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { createPrisma } from "../../support/token-stores.js";

let database: TestDatabase;
let file: string;

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  file = await bundle("connection-store-process");
  // The processes find the client generated.
  await (await createPrisma(database.url)).$disconnect();
});
afterAll(() => database.drop());

const start = (kind: string) => fork(file, [kind, database.url], { execArgv: [] });

describe.each(["pg", "prisma"])("%s", (kind) => {
  const makeStore = () => postgresConnectionStore({ client: database.pool });
  const cases = connectionStoreProcessContract({ makeStore, start: () => start(kind), processes: 3 });
  for (const { name, run } of cases) test(name, run);
});

test("a store that the processes do not share fails", async () => {
  const [shared] = connectionStoreProcessContract({
    makeStore: () => memoryConnectionStore(),
    start: () => start("pg"),
    processes: 2,
  });
  expect(await rejection(shared!.run())).toMatchObject({ name: "ConnectionStoreContractError" });
});
