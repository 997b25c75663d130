import { transform } from "esbuild";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { schemaSql } from "../../../src/stores/postgres/postgres-token-store.js";
import { codeBlocks, readPages, root, type CodeBlock } from "../../support/markdown.js";
import { createDatabase, type TestDatabase } from "../../support/postgres.js";

let database: TestDatabase;
beforeAll(async () => {
  database = await createDatabase();
});
afterAll(() => database.drop());

function blocks(language: string): (CodeBlock & { place: string })[] {
  return readPages().flatMap((page) =>
    codeBlocks(page, [language]).map((block) => ({ ...block, place: `${page.path}:${block.line}` })),
  );
}

test("every code block is in a language that a test checks", () => {
  // ts, tsx, and sql that is part of a file: snippets.test.ts. sh: commands.test.ts. mermaid: npm run docs.
  // vue, svelte: components.test.ts.
  const languages = new Set(readPages().flatMap((page) => codeBlocks(page).map(({ language }) => language)));
  expect([...languages].sort()).toEqual([
    "css",
    "js",
    "json",
    "mermaid",
    "sh",
    "sql",
    "svelte",
    "ts",
    "tsx",
    "vue",
  ]);
});

test("JavaScript can be parsed", () => {
  const wrong = blocks("js").flatMap(({ place, code }) => {
    const { diagnostics = [] } = ts.transpileModule(code, { fileName: "x.js", reportDiagnostics: true });
    return diagnostics.map(
      ({ messageText }) => `${place} ${ts.flattenDiagnosticMessageText(messageText, " ")}`,
    );
  });
  expect(wrong).toEqual([]);
});

test("JSON can be parsed", () => {
  for (const { place, code } of blocks("json"))
    expect(() => JSON.parse(code) as unknown, place).not.toThrow();
});

test("CSS can be parsed, and its custom properties exist in the stylesheet", async () => {
  const stylesheet = readFileSync(join(root, "src/react/public/react.css"), "utf8");
  for (const { place, code } of blocks("css")) {
    const { warnings } = await transform(code, { loader: "css" });
    expect(warnings, place).toEqual([]);
    for (const [property] of code.matchAll(/--calbridge-[\w-]+/g))
      expect(stylesheet, place).toContain(`${property},`);
  }
});

test("the table in the guide has the columns that the migration creates", async () => {
  const [shown, ...others] = blocks("sql").filter(({ from }) => from === undefined);
  expect(others, "another SQL block: run it too").toEqual([]);
  await database.pool.query('CREATE TABLE "User" ("ulid" TEXT PRIMARY KEY)');
  await database.pool.query(`CREATE TABLE "Shown" (${shown!.code})`);
  await database.pool.query(schemaSql({ users: { table: "User", column: "ulid" }, inTransaction: true }));
  const columnsOf = async (table: string): Promise<unknown[]> => {
    const { rows } = await database.pool.query(
      `SELECT column_name, data_type, is_nullable, replace(column_default, $1, '') AS "default"
       FROM information_schema.columns WHERE table_name = $1 ORDER BY column_name`,
      [table],
    );
    return rows as unknown[];
  };
  expect(await columnsOf("Shown")).toEqual(await columnsOf("CalendarIntegration"));
  expect(await columnsOf("Shown")).toHaveLength(12);
});
