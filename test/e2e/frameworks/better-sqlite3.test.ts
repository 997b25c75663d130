import { execFile } from "node:child_process";
import { cp } from "node:fs/promises";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe } from "vitest";
import { createProject, type Project } from "../../support/project.js";
import { node, testDriver } from "../runtimes/sqlite-driver.js";
import { program, tools } from "../runtimes/tools.js";

// Needs the runtimes: `npm ci --prefix test/e2e/runtimes`. Compiling the driver takes minutes, so this is not part of their
// tests.

let project: Project;
beforeAll(async () => {
  const rebuild = ["rebuild", "--prefix", dirname(tools), "--ignore-scripts=false", "better-sqlite3"];
  await promisify(execFile)("npm", rebuild);
  project = await createProject();
  await cp(program, join(project.directory, "program"), { recursive: true });
}, 900_000);
afterAll(() => project.remove());

describe("better-sqlite3, Node 20.19", () => {
  testDriver(() => project, "better-sqlite3", node(20), []);
});
