import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { join } from "node:path";
import { compilations, compileEntries, node10 } from "../../support/compile-entries.js";
import { createProject, type Project } from "../../support/project.js";
import { tools } from "./tools.js";

let project: Project;
beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

// TypeScript 6, the project's own version, is tested in test/package.
describe.each(["5.9", "7.0"])("TypeScript %s", (version) => {
  const tsc = join(tools, `typescript${version.charAt(0)}/bin/tsc`);

  test(`the installed TypeScript is version ${version}`, async () => {
    expect(await project.run(process.execPath, tsc, "--version")).toMatch(`Version ${version}.`);
  });

  test.each(compilations)(`every entry has types in TypeScript ${version}: $name`, async (compilation) => {
    await compileEntries(project, tsc, compilation);
  });

  test.runIf(version === "5.9")("has types for every entry: node10", async () => {
    await compileEntries(project, tsc, { ...node10, others: {} });
  });
});
