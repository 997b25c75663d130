import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, test } from "vitest";
import { createProject, type Project } from "../../support/project.js";
import { expectAllKept, node, rules, testDriver } from "./sqlite-driver.js";
import { bundleForWorkers, program, startWorker, tools } from "./tools.js";

// The SQLite stores over the drivers that belong to a runtime. better-sqlite3, which has to be compiled, is tested with the
// frameworks.

/** The runtimes that have each driver. `--no-warnings`: in Node 22 node:sqlite warns that it is experimental. */
const drivers: [driver: string, runtime: string, command: string, args: string[]][] = [
  ["node:sqlite", "Node 22", node(22), ["--no-warnings"]],
  ["node:sqlite", "Node 24", node(24), ["--no-warnings"]],
  ["node:sqlite", "Node 26", node(26), ["--no-warnings"]],
  ["bun:sqlite", "Bun", join(tools, "bun/bin/bun"), []],
];

let project: Project;
beforeAll(async () => {
  project = await createProject();
  await cp(program, join(project.directory, "program"), { recursive: true });
});
afterAll(() => project.remove());

describe.each(drivers)("%s, %s", (driver, _, command, args) => {
  testDriver(() => project, driver, command, args);
});

test.each(["tokens", "connections"] as const)(
  "D1, Workers: the store of %s keeps the contract",
  async (store) => {
    const modules = await bundleForWorkers(project, "d1-worker.js", { external: ["node:*"] });
    const worker = startWorker({ modules, d1Databases: ["DB"] });
    try {
      const response = await worker.dispatchFetch(`http://worker.example/${store}`);
      expectAllKept((await response.text()).split("\n"), rules[store].one);
    } finally {
      await worker.dispose();
    }
  },
);
