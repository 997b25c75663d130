import { cp } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { root } from "../../support/markdown.js";
import { createProject, type Project } from "../../support/project.js";
import { runToEnd } from "./processes.js";
import { node } from "./sqlite-driver.js";
import { program, tools } from "./tools.js";

// jsdom lacks much of what browsers have, and the one of Jest 29 more than later ones.

let project: Project;
beforeAll(async () => {
  project = await createProject();
  await cp(join(program, "jsdom.cjs"), join(project.directory, "jsdom.cjs"));
});
afterAll(() => project.remove());

test("the React component works in an application's tests with Jest 29 and jsdom", async () => {
  const jest = join(tools, "jest29/bin/jest.js");
  const environment = join(tools, "jest-environment-jsdom");
  // React is the root's, and the package is the project's.
  const modules = join(root, "node_modules");
  const options = [
    "--ci",
    "--testMatch",
    "<rootDir>/jsdom.cjs",
    "--modulePaths",
    modules,
    "--env",
    environment,
  ];
  const { stderr, exitCode } = await runToEnd(node(20), [jest, ...options], project.directory);
  expect(exitCode, stderr).toBe(0);
  expect(stderr).toMatch(/^Tests: +1 passed, 1 total$/m);
});
