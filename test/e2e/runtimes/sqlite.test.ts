import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { tokenStoreContract, tokenStoreProcessContract } from "../../../src/testing/index.js";
import { memoryTokenStore } from "../../../src/index.js";
import { createProject, type Project } from "../../support/project.js";
import { createSqliteFile } from "../../support/sqlite.js";
import { runToEnd } from "./processes.js";
import { bundleForWorkers, program, startWorker, tools } from "./tools.js";

// The SQLite store over the drivers that belong to a runtime, or are compiled for one.

const node = (version: number) => join(tools, `node${version}/bin/node`);

/** The runtimes that have each driver. `--no-warnings`: in Node 22 node:sqlite warns that it is experimental. */
const drivers: [driver: string, runtime: string, command: string, args: string[]][] = [
  ["node:sqlite", "Node 22", node(22), ["--no-warnings"]],
  ["node:sqlite", "Node 24", node(24), ["--no-warnings"]],
  ["node:sqlite", "Node 26", node(26), ["--no-warnings"]],
  ["better-sqlite3", "Node 20.19", node(20), []],
  ["bun:sqlite", "Bun", join(tools, "bun/bin/bun"), []],
];

const rules = {
  one: tokenStoreContract(() => memoryTokenStore()).length,
  processes: tokenStoreProcessContract({ makeStore: memoryTokenStore, start: () => expect.fail() }).length,
};

let project: Project;
beforeAll(async () => {
  project = await createProject();
  await cp(program, join(project.directory, "program"), { recursive: true });
});
afterAll(() => project.remove());

function expectAllKept(lines: string[], count: number): void {
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual(["end"]);
  expect(lines).toHaveLength(count + 1);
}

describe.each(drivers)("%s, %s", (driver, _, command, args) => {
  test.each([
    ["one process", "one"],
    ["several processes that share the file", "processes"],
  ] as const)("the store keeps the contract: %s", async (__, role) => {
    const { file, remove } = await createSqliteFile();
    const all = [...args, "program/sqlite.js", role, driver, file, tools];
    const { lines, stderr, exitCode } = await runToEnd(command, all, project.directory);
    await remove();
    expect([exitCode, stderr]).toEqual([0, ""]);
    expectAllKept(lines, rules[role]);
  });
});

test("D1, Workers: the store keeps the contract", async () => {
  const modules = await bundleForWorkers(project, "d1-worker.js", { external: ["node:*"] });
  const worker = startWorker({ modules, d1Databases: ["DB"] });
  try {
    const response = await worker.dispatchFetch("http://worker.example/");
    expectAllKept((await response.text()).split("\n"), rules.one);
  } finally {
    await worker.dispose();
  }
});
