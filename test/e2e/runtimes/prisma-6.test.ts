import { execFile } from "node:child_process";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createSchema } from "../../../src/stores/postgres/postgres-token-store.js";
import { prismaConnectionStore, prismaTokenStore } from "../../../src/stores/prisma/prisma-token-store.js";
import { connectionStoreContract, tokenStoreContract } from "../../../src/testing/index.js";
import { root } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";
import type { TestPrisma } from "../../support/prisma.js";
import { tokens } from "../../support/token-stores.js";
import { tools } from "./tools.js";

// Prisma 6 with a driver adapter and without an engine. The root has Prisma 7, whose tests are in test/integration/stores.

const load = createRequire(join(tools, "index.js"));
const generated = join(tools, ".calbridge-test");

let database: TestDatabase;
let prisma: TestPrisma;
let createClient: (options?: object) => TestPrisma;

/** Generates the tests' client for a database, and loads it. Nothing is downloaded. */
async function generate(provider: "postgresql" | "mysql"): Promise<new (options: object) => TestPrisma> {
  const text = await readFile(join(root, "test/fixtures/prisma/schema.prisma"), "utf8");
  const schema = text
    .replace(/output .*/, `output = "./prisma-6-${provider}"\n  engineType = "client"`)
    // Prisma 6 wants a URL there. The driver adapter has the one that is used.
    .replace('"postgresql"', `"${provider}"\n  url = "${provider}://"`)
    .replace(/@db\.\w+(\(\d\))?/g, (type) => (provider === "postgresql" ? type : ""));
  await mkdir(generated, { recursive: true });
  const file = join(generated, `${provider}-6.prisma`);
  await writeFile(file, schema);
  await promisify(execFile)(
    process.execPath,
    [load.resolve("prisma/build/index.js"), "generate", "--schema", file],
    {
      cwd: generated,
      // Any program keeps Prisma content, in the place of the engine that only migrations need.
      env: { ...process.env, CHECKPOINT_DISABLE: "1", PRISMA_SCHEMA_ENGINE_BINARY: process.execPath },
    },
  );
  const { PrismaClient } = load(join(generated, `prisma-6-${provider}`)) as {
    PrismaClient: new (options: object) => TestPrisma;
  };
  return PrismaClient;
}

beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  const PrismaClient = await generate("postgresql");
  const { PrismaPg } = load("@prisma/adapter-pg") as { PrismaPg: new (options: object) => object };
  createClient = (options = {}) =>
    new PrismaClient({ ...options, adapter: new PrismaPg({ connectionString: database.url }) });
  prisma = createClient();
  const { version } = load("@prisma/client/package.json") as { version: string };
  console.log(`Prisma: tested with ${version}`);
});
afterAll(async () => {
  await prisma.$disconnect();
  await database.drop();
});

describe("the token store keeps the contract", () => {
  for (const { name, run } of tokenStoreContract(() => prismaTokenStore({ prisma }))) test(name, run);
});

describe("the connection store keeps the contract", () => {
  for (const { name, run } of connectionStoreContract(() => prismaConnectionStore({ prisma })))
    test(name, run);
});

test("a client that hides fields, and is extended: each user keeps its own row", async () => {
  const hiding = createClient({
    omit: {
      calendarIntegration: { id: true, version: true, calRefreshToken: true },
      calendarIntegrationEntry: { value: true, expiresAt: true },
    },
  });
  const store = prismaTokenStore({ prisma: hiding.$extends({ name: "extended" }) });
  const [ada, bob] = [tokens("ada"), tokens("bob")];
  const first = await store.set(ada, { ifVersion: null });
  const bobs = await store.set(bob, { ifVersion: null });
  expect(await store.set({ ...ada, calAccessToken: "new" }, { ifVersion: first!.version })).toMatchObject({
    calAccessToken: "new",
    calRefreshToken: ada.calRefreshToken,
  });
  expect(await store.get("bob")).toEqual(bobs);
  expect(await store.acquireLease("ada", { owner: "a", ttlMs: 60_000 })).toBe(true);
  expect(await store.acquireLease("ada", { owner: "b", ttlMs: 60_000 })).toBe(false);
  expect(await store.delete("ada")).toBe(true);
  expect(await store.get("bob")).toEqual(bobs);
  await hiding.$disconnect();
});

test("a client over MySQL is refused when the store is created", async () => {
  const PrismaClient = await generate("mysql");
  const connect = () => Promise.reject(new Error("There is no such database."));
  const client = new PrismaClient({ adapter: { provider: "mysql", adapterName: "mysql", connect } });
  for (const createStore of [prismaTokenStore, prismaConnectionStore]) {
    expect(() => createStore({ prisma: client })).toThrow("this client's provider is mysql");
  }
});
