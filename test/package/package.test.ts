import { existsSync } from "node:fs";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { compilations, compileEntries, entries, node10 } from "../support/compile-entries.js";
import { readPages, root } from "../support/markdown.js";
import { createProject, type Project } from "../support/project.js";

let project: Project;

beforeAll(async () => {
  project = await createProject();
});

afterAll(() => project.remove());

describe("the packed package", () => {
  test("holds the built files, the licences, the readme, the guides and the changelog, and nothing else", () => {
    const others = project.packed.files.filter((path) => !path.startsWith("dist/"));
    const guides = readPages().filter(({ path }) => path.startsWith("docs/"));
    expect(others.sort()).toEqual(
      ["CHANGELOG.md", "LICENSE", "README.md", "package.json", ...guides.map(({ path }) => path)].sort(),
    );
    expect(
      project.packed.files.filter(
        (path) => !/\.((js|cjs)(\.map)?|css|d\.ts|d\.cts)$/.test(path) && path.startsWith("dist/"),
      ),
    ).toEqual(["dist/THIRD-PARTY-NOTICES.txt"]);
  });

  test("brings ky and jose, and no other package", async () => {
    const { packages } = JSON.parse(await readFile(join(project.directory, "package-lock.json"), "utf8")) as {
      packages: Record<string, unknown>;
    };
    const installed = Object.keys(packages).filter((path) => path !== "");
    expect(installed.sort()).toEqual(["calbridge", "jose", "ky"].map((name) => `node_modules/${name}`));
  });

  test("has every entry that package.json exports, for import and for require", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      exports: Record<string, unknown>;
    };
    const exported = Object.keys(exports).filter((key) => key !== "./package.json");
    const modules = exported.filter((key) => !key.endsWith(".css")).map((key) => `calbridge${key.slice(1)}`);
    expect(modules.sort()).toEqual([...entries].sort());
    // An application that imports these has React, or OpenTelemetry.
    const needPackages = ["calbridge/react", "calbridge/opentelemetry"];
    for (const entry of entries.filter((name) => !needPackages.includes(name))) {
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

  test("tells bundlers that the React components run in a browser, and brings their stylesheet", async () => {
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

  test("has the parts of the React component that are loaded when they are shown; all in one file for test runners without import()", async () => {
    const dist = join(project.directory, "node_modules/calbridge/dist");
    const [esm = "", cjs = ""] = await Promise.all(
      ["react.js", "react.cjs"].map((file) => readFile(join(dist, file), "utf8")),
    );
    for (const part of ["picker", "apple-form", "confirm-dialog", "cal-account-help"]) {
      expect(esm).toMatch(new RegExp(`import\\(["']\\./chunks/react/${part}\\.js["']\\)`));
      expect(existsSync(join(dist, "chunks/react", `${part}.js`))).toBe(true);
    }
    expect(cjs).not.toMatch(/\bimport\(|require\(["']\./);
  });

  test("runs the first example of the client's guide", async () => {
    await cp(join(root, "examples/basic.ts"), join(project.directory, "basic.mts"));
    const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
    expect(await project.run(process.execPath, tsx, "basic.mts")).toMatch(
      /^Connected: alice@gmail\.example with 2 calendars$/m,
    );
  });

  test("has no internal class in its types", async () => {
    const declarations = project.packed.files.filter((path) => /\.d\.c?ts$/.test(path));
    const read = (path: string) => readFile(join(project.directory, "node_modules/calbridge", path), "utf8");
    const texts = await Promise.all(declarations.map(read));
    expect(texts.filter((text) => text.includes("class CalClient")).length).toBeGreaterThan(0);
    const internals =
      /\b(AttemptStore|CheckedStore|HandlerContext|TokenManager|Transport|UserContext|Resolved\w*Options)\b/;
    expect(texts.flatMap((text) => internals.exec(text)?.[0] ?? [])).toEqual([]);
    // What runs in a browser has the types of responses, and loads no other declaration of the package.
    for (const path of ["dist/browser.d.ts", "dist/react.d.ts"]) {
      const text = await read(path);
      expect(text).toContain("interface LinkedCalAccount");
      expect(text).not.toMatch(/\bCalClient\b|from ["']\./);
    }
  });

  test("knows its errors across its two builds", async () => {
    const script = `
      import { createRequire } from "node:module";
      import { isCalError } from "calbridge";
      const { CalValidationError } = createRequire(import.meta.url)("calbridge");
      console.log(isCalError(new CalValidationError("x")), isCalError(new Error("x")));`;
    expect(await project.run(process.execPath, "--input-type=module", "-e", script)).toBe("true false");
  });

  test("notices tokens that are encrypted twice, once by each of its two builds", async () => {
    const script = `
      import { createRequire } from "node:module";
      import * as esm from "calbridge";
      const cjs = createRequire(import.meta.url)("calbridge");
      const keys = { k1: "sJ0ZmT4vQe8yN2hXrB7kLcPfW5uDa1oGiV9tR3xE6zM=" };
      for (const [inner, outer] of [[esm, cjs], [cjs, esm]]) {
        const store = inner.encryptedTokenStore(inner.memoryTokenStore(), { keys });
        try {
          outer.encryptedTokenStore(store, { keys });
          console.log("accepted");
        } catch (error) {
          console.log(error.name, /encrypt/.test(error.message));
        }
      }`;
    expect(await project.run(process.execPath, "--input-type=module", "-e", script)).toBe(
      "CalValidationError true\nCalValidationError true",
    );
  });

  test("installs beside older versions of the packages that it can work with", async () => {
    const directory = await mkdtemp(join(tmpdir(), "calbridge-beside-"));
    try {
      for (const dependencies of [
        { "@prisma/client": "^5", react: "^17", pg: "^7" },
        { "@prisma/client": "^4", react: "^16", pg: "^8" },
        { react: "19.0.0-rc.1" },
      ]) {
        await writeFile(join(directory, "package.json"), JSON.stringify({ dependencies }));
        const args = ["install", "--dry-run", "--prefer-offline", "--ignore-scripts", "--no-audit"];
        await promisify(execFile)("npm", [...args, project.packed.tarball], { cwd: directory });
      }
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  });

  // Other versions of TypeScript: test/e2e/runtimes.
  test.each([...compilations, node10])(
    "has types for every entry: $name",
    { timeout: 60_000 },
    async (compilation) => {
      await compileEntries(project, join(root, "node_modules/typescript/bin/tsc"), compilation);
    },
  );
});
