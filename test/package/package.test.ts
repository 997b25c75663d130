import { cp, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compilations, compileEntries, entries } from "../support/compile-entries.js";
import { root } from "../support/markdown.js";
import { createProject, type Project } from "../support/project.js";

let project: Project;

beforeAll(async () => {
  project = await createProject();
}, 180_000);

afterAll(() => project.remove());

describe("the packed package", () => {
  test("the package contains the built files, the licences, the readme and the changelog, and nothing else", () => {
    const others = project.packed.files.filter((path) => !path.startsWith("dist/"));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(
      project.packed.files.filter(
        (path) => !/\.(js|cjs|css|d\.ts|d\.cts)$/.test(path) && path.startsWith("dist/"),
      ),
    ).toEqual(["dist/THIRD-PARTY-NOTICES.txt"]);
  });

  test("the package installs ky and jose, and no other package", async () => {
    const { packages } = JSON.parse(await readFile(join(project.directory, "package-lock.json"), "utf8")) as {
      packages: Record<string, unknown>;
    };
    const installed = Object.keys(packages).filter((path) => path !== "");
    expect(installed.sort()).toEqual(["calbridge", "jose", "ky"].map((name) => `node_modules/${name}`));
  });

  test("every entry of package.json's exports can be imported and required", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      exports: Record<string, unknown>;
    };
    const exported = Object.keys(exports).filter((key) => key !== "./package.json");
    const modules = exported.filter((key) => !key.endsWith(".css")).map((key) => `calbridge${key.slice(1)}`);
    expect(modules.sort()).toEqual([...entries].sort());
    // calbridge/react needs React, which is not installed here.
    for (const entry of entries.filter((name) => name !== "calbridge/react")) {
      const imported = await project.run(
        process.execPath,
        "--input-type=module",
        "-e",
        `import * as m from "${entry}"; console.log(Object.keys(m).sort().join())`,
      );
      const required = await project.run(
        process.execPath,
        "--input-type=commonjs",
        "-e",
        `console.log(Object.keys(require("${entry}")).sort().join())`,
      );
      expect(imported).not.toBe("");
      expect(required).toBe(imported);
    }
  });

  test('calbridge/react has the directive "use client" and a stylesheet', async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    const dist = join(project.directory, "node_modules/calbridge/dist");
    for (const file of ["react.js", "react.cjs"]) {
      expect(await readFile(join(dist, file), "utf8")).toMatch(/^"use client";/);
    }
    const css = join(project.directory, "node_modules/calbridge", exports["./react/styles.css"] ?? "");
    expect(await readFile(css, "utf8")).toContain("--calbridge-");
  });

  test("the first example of the readme runs", async () => {
    await cp(join(root, "examples/basic.ts"), join(project.directory, "basic.mts"));
    const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
    expect(await project.run(process.execPath, tsx, "basic.mts")).toMatch(
      /^Connected: alice@gmail\.example with 2 calendars$/m,
    );
  });

  test("isCalError recognises errors of the other build (ESM and CommonJS)", async () => {
    const script = `
      import { createRequire } from "node:module";
      import { isCalError } from "calbridge";
      const { CalValidationError } = createRequire(import.meta.url)("calbridge");
      console.log(isCalError(new CalValidationError("x")), isCalError(new Error("x")));`;
    expect(await project.run(process.execPath, "--input-type=module", "-e", script)).toBe("true false");
  });

  // Other versions of TypeScript: test/e2e/runtimes.
  test.each(compilations)("every entry has types: $name", { timeout: 180_000 }, async (compilation) => {
    await compileEntries(project, join(root, "node_modules/typescript/bin/tsc"), compilation);
  });
});
