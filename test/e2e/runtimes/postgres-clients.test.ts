import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CalStoreError } from "../../../src/errors.js";
import {
  createSchema,
  postgresConnectionStore,
  postgresTokenStore,
  type PostgresClient,
} from "../../../src/stores/postgres/postgres-token-store.js";
import { connectionStoreContract, tokenStoreContract } from "../../../src/testing/index.js";
import { rejection } from "../../support/client.js";
import { expectNoSecret } from "../../support/leaks.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import { tokens } from "../../support/token-stores.js";
import { clients, createDrizzle, createTypeOrm, refusal, versionOf } from "./postgres-clients.js";

// Every driver and ORM for Postgres that applications have: the stores work over it, or over what the refusal says to pass.

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

describe.each(Object.entries(clients))("%s", (name, { packages, open }) => {
  let client: PostgresClient;
  let close: () => Promise<unknown>;
  beforeAll(async () => {
    ({ client, close } = await open(database.url));
    await createSchema(client, { connections: true });
    const versions = packages.map((each) => `${each} ${versionOf(each)}`);
    console.log(`${name}: tested with ${versions.join(", ")}`);
  });
  afterAll(() => close());

  describe("the token store keeps the contract", () => {
    for (const { name, run } of tokenStoreContract(() => postgresTokenStore({ client }))) test(name, run);
  });

  describe("the connection store keeps the contract", () => {
    const cases = connectionStoreContract(() => postgresConnectionStore({ client }));
    for (const { name, run } of cases) test(name, run);
  });

  test("an error says what to do, and has no token in it", async () => {
    const store = postgresTokenStore({ client, table: "no_such_table" });
    const record = tokens("ada");
    const error = await rejection(store.set(record, { ifVersion: null }));
    expect(error).toBeInstanceOf(CalStoreError);
    expect((error as Error).message).toContain("the database returned 42P01. The table does not exist");
    expectNoSecret(error, [record.calAccessToken, record.calRefreshToken!]);
  });
});

describe("what can't be used is refused when the store is created, with what to pass", () => {
  test.each([
    ["mysql", "mysql"],
    ["mariadb", "mariadb"],
    ["sqlite", "better-sqlite3"],
    ["mssql", "mssql"],
  ])("TypeORM over %s", (_, type) => {
    const source = Object.assign(createTypeOrm({ type: "postgres" }), { options: { type } });
    for (const client of [source, source.manager, source.createQueryRunner()]) {
      expect(refusal(client)).toContain(
        `This is TypeORM over ${type}. To keep tokens there, write your own store`,
      );
    }
  });

  test("Drizzle's transaction", async () => {
    const db = createDrizzle("node-postgres", database.pool);
    let message = "";
    await db.transaction((transaction) => {
      message = refusal(transaction);
      return Promise.resolve();
    });
    expect(message).toContain("This is a transaction of Drizzle's, or an older db: pass the pool");
  });

  test("the db of an older Drizzle, which has no $client", () => {
    const { $client: _, ...old } = createDrizzle("node-postgres", database.pool);
    expect(refusal(old)).toContain("pass the pool that it was created with");
  });
});
