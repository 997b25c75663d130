import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema } from "../../../src/stores/postgres/postgres-token-store.js";
import { codeBlocks, readPages, root } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

// The tests that docs/write-your-own-store.md shows, for a store with an open connection. What a reader has in store.ts is here.

const store = `
import { Pool } from "pg";
import { postgresConnectionStore, postgresTokenStore } from "calbridge/postgres";

const client = new Pool({ connectionString: process.env.DATABASE_URL, idleTimeoutMillis: 0 });
// The connection stays open, as that of most drivers does.
await client.query("SELECT 1");
const tokenStore = postgresTokenStore({ client });
const connectionStore = postgresConnectionStore({ client });
const closeStore = () => client.end();
`;
const folder = join(root, "node_modules/.calbridge-test/store-samples");

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool, { connections: true });
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, "package.json"), '{ "type": "module" }');
});
afterAll(() => database.drop());

const page = readPages().find(({ path }) => path === "docs/write-your-own-store.md")!;
const samples = codeBlocks(page, ["ts"]).filter(
  ({ code }) => code.includes("node:test") || code.includes("serveTokenStore"),
);

/** Writes a sample as a file that Node.js can run, with the sources as the package. */
async function toFile(name: string, code: string): Promise<string> {
  const outfile = join(folder, `${name}.js`);
  await build({
    stdin: { contents: code.replace(/^\/\/ import .*$/m, store), resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    tsconfig: join(root, "tsconfig.json"),
  });
  return outfile;
}

test("are all here", () => {
  expect(samples).toHaveLength(4);
});

test.each(["tokenStoreContract", "tokenStoreProcessContract", "connectionStoreContract"])(
  "the test with %s passes, and its process ends",
  async (contract) => {
    const child = samples.find(({ code }) => code.includes("serveTokenStore"));
    await toFile("store-process", child!.code);
    const sample = samples.find(({ code }) => code.includes(`${contract}(`));
    const file = await toFile(contract, sample!.code);
    const env = { ...process.env, DATABASE_URL: database.url };
    const output = await new Promise<string>((resolve, reject) => {
      execFile(process.execPath, ["--test", file], { env, timeout: 120_000 }, (error, stdout, stderr) => {
        if (error === null) resolve(stdout);
        else
          reject(new Error(`${error.killed ? "It did not end. " : ""}${stdout}${stderr}`, { cause: error }));
      });
    });
    expect(output).toMatch(/^# pass [1-9]|ℹ pass [1-9]/m);
    expect(output).toMatch(/^# fail 0|ℹ fail 0/m);
  },
  200_000,
);
