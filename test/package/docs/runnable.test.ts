import { build } from "esbuild";
import { execFile } from "node:child_process";
import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { createSchema } from "../../../src/stores/postgres/postgres-token-store.js";
import { bundle } from "../../support/bundle.js";
import { codeBlocks, readPages, root } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
  await createSchema(database.pool);
});
afterAll(() => database.drop());

/** Runs files one after another. Returns whether all succeeded, and their output. */
async function runFiles(files: string[]): Promise<{ ok: boolean; output: string }> {
  const { port, username, password, pathname } = new URL(database.url);
  const postgres = { PGHOST: "127.0.0.1", PGPORT: port, PGUSER: username, PGPASSWORD: password };
  const env = { ...process.env, ...postgres, PGDATABASE: pathname.slice(1), DATABASE_URL: database.url };
  const runner = await bundle("docs-runner");
  return new Promise((resolve) => {
    execFile(process.execPath, [runner, ...files], { env, timeout: 60_000 }, (error, stdout, stderr) =>
      resolve({ ok: error === null, output: stdout + stderr }),
    );
  });
}

/** Writes code to a file that Node.js can run, with the sources as the package. */
async function toFile(folder: string, name: string, code: string): Promise<string> {
  const outfile = join(folder, `${name}.mjs`);
  await build({
    stdin: { contents: code, resolveDir: root, loader: "ts" },
    outfile,
    bundle: true,
    platform: "node",
    format: "esm",
    packages: "external",
    tsconfig: join(root, "tsconfig.json"),
    logLevel: "silent",
  });
  return outfile;
}

test("every code block that is marked as runnable runs", async () => {
  const folder = join(root, "node_modules/.calbridge-test/docs");
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const blocks = readPages().flatMap((page) =>
    codeBlocks(page, ["ts"])
      .filter(({ isRun }) => isRun)
      .map(({ line, code }) => ({ name: `${page.path.replaceAll(/\W/g, "_")}-line-${line}`, code })),
  );
  expect(blocks.length).toBeGreaterThan(15);
  const files = await Promise.all(blocks.map(({ name, code }) => toFile(folder, name, code)));
  const { ok, output } = await runFiles(files);
  expect(ok, output).toBe(true);
  expect(output.match(/^== /gm)).toHaveLength(blocks.length);
  expect(output).toMatch(/^Connected: alice@gmail\.example with 2 calendars\nBusy from 2027-01-04T10:00/m);

  const wrong = await toFile(folder, "wrong", 'await cal.forUser("unknown-user").calendars.list();');
  expect(await runFiles([wrong])).toMatchObject({
    ok: false,
    output: expect.stringContaining("user_not_found"),
  });
}, 120_000);
