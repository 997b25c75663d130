import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/markdown.js";
import type { PackedPackage } from "../support/pack.js";
import { askFor } from "../support/postgres.js";

const run = promisify(execFile);
const entries = [
  "calbridge",
  "calbridge/postgres",
  "calbridge/prisma",
  "calbridge/handlers",
  "calbridge/node",
  "calbridge/react",
  "calbridge/testing",
];

let project: string;
let packed: string[];

/** Runs a program in the empty project, and answers what it prints. */
async function runHere(command: string, ...args: string[]): Promise<string> {
  try {
    return (await run(command, args, { cwd: project })).stdout.trim();
  } catch (error) {
    // Compilers complain on standard output, which the error's message leaves out.
    const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
    throw new Error(`${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error });
  }
}

// A project of somebody who has installed the package and nothing else of ours, as `npm init` makes one.
beforeAll(async () => {
  project = await mkdtemp(join(tmpdir(), "calbridge-package-"));
  const { tarball, files } = JSON.parse(await askFor("package")) as PackedPackage;
  packed = files;
  await writeFile(
    join(project, "package.json"),
    JSON.stringify({ name: "a-project", version: "1.0.0", type: "commonjs" }),
  );
  await run("npm", ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball], { cwd: project });
}, 180_000);

afterAll(async () => {
  await rm(project, { recursive: true, force: true });
});

describe("the packed package", () => {
  it("holds the built files, the licence, the readme and the changelog, and nothing else", () => {
    const others = packed.filter((path) => !path.startsWith("dist/"));
    expect(others.sort()).toEqual(["CHANGELOG.md", "LICENSE", "README.md", "package.json"]);
    expect(
      packed.filter((path) => !/\.(js|cjs|css|d\.ts|d\.cts)$/.test(path) && path.startsWith("dist/")),
    ).toEqual([]);
  });

  it("brings ky and jose, and no other package", async () => {
    const { packages } = JSON.parse(await readFile(join(project, "package-lock.json"), "utf8")) as {
      packages: Record<string, unknown>;
    };
    const installed = Object.keys(packages).filter((path) => path !== "");
    expect(installed.sort()).toEqual(["calbridge", "jose", "ky"].map((name) => `node_modules/${name}`));
  });

  it("has every entry that package.json exports, for import and for require", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      exports: Record<string, unknown>;
    };
    const exported = Object.keys(exports).filter((key) => key !== "./package.json");
    const modules = exported.filter((key) => !key.endsWith(".css")).map((key) => `calbridge${key.slice(1)}`);
    expect(modules.sort()).toEqual([...entries].sort());
    // Whoever imports calbridge/react has React.
    for (const entry of entries.filter((name) => name !== "calbridge/react")) {
      const imported = await runHere(
        process.execPath,
        "--input-type=module",
        "-e",
        `import * as m from "${entry}"; console.log(Object.keys(m).sort().join())`,
      );
      const required = await runHere(
        process.execPath,
        "--input-type=commonjs",
        "-e",
        `console.log(Object.keys(require("${entry}")).sort().join())`,
      );
      expect(imported).not.toBe("");
      expect(required).toBe(imported);
    }
  });

  it("tells bundlers that the React components run in a browser, and brings their stylesheet", async () => {
    const { exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      exports: Record<string, string>;
    };
    const dist = join(project, "node_modules/calbridge/dist");
    for (const file of ["react.js", "react.cjs"]) {
      expect(await readFile(join(dist, file), "utf8")).toMatch(/^"use client";/);
    }
    const css = join(project, "node_modules/calbridge", exports["./react/styles.css"] ?? "");
    expect(await readFile(css, "utf8")).toContain("--calbridge-");
  });

  it("runs the readme's first example", async () => {
    await cp(join(root, "examples/basic.ts"), join(project, "basic.mts"));
    const tsx = join(root, "node_modules/tsx/dist/cli.mjs");
    expect(await runHere(process.execPath, tsx, "basic.mts")).toMatch(
      /^Connected: alice@gmail\.example with 2 calendars$/m,
    );
  });

  it("knows its errors across its two builds", async () => {
    const script = `
      import { createRequire } from "node:module";
      import { isCalError } from "calbridge";
      const { CalValidationError } = createRequire(import.meta.url)("calbridge");
      console.log(isCalError(new CalValidationError("x")), isCalError(new Error("x")));`;
    expect(await runHere(process.execPath, "--input-type=module", "-e", script)).toBe("true false");
  });

  for (const { module, moduleResolution, file, types } of [
    { module: "node16", moduleResolution: "node16", file: "esm.mts", types: [] },
    { module: "node16", moduleResolution: "node16", file: "cjs.cts", types: [] },
    { module: "esnext", moduleResolution: "bundler", file: "bundled.ts", types: [] },
    // The entries for Node.js and for React take their types for granted.
    { module: "node16", moduleResolution: "node16", file: "node.mts", types: ["node"] },
  ]) {
    it(`has types for every entry with moduleResolution ${moduleResolution} (${file})`, async () => {
      const needsTypes = ["calbridge/node", "calbridge/react"];
      const typed = entries.filter((entry) => types.length > 0 || !needsTypes.includes(entry));
      const imports = typed.map(
        (entry, n) =>
          `import * as m${String(n)} from "${entry}";\nexport const e${String(n)} = m${String(n)};\n`,
      );
      await writeFile(
        join(project, file),
        `${imports.join("")}
import { CalClient, type CalErrorCode, type TokenStore } from "calbridge";
export const make = (tokenStore: TokenStore) => new CalClient({ clientId: "a", clientSecret: "b", tokenStore });
// @ts-expect-error a provider that there is not
export const wrong = (cal: CalClient) => cal.forUser("u").calendars.check("yahoo");
export const code: CalErrorCode = "rate_limited";
`,
      );
      const compilerOptions = {
        noEmit: true,
        strict: true,
        exactOptionalPropertyTypes: true,
        target: "es2022",
        lib: ["es2022", "dom", "dom.iterable"],
        types,
        typeRoots: [join(root, "node_modules/@types")],
        module,
        moduleResolution,
        ...(types.length > 0 && { paths: { react: [join(root, "node_modules/@types/react")] } }),
      };
      await writeFile(join(project, "tsconfig.json"), JSON.stringify({ compilerOptions, files: [file] }));
      // skipLibCheck is off: the package's own declarations are compiled, too.
      await runHere(process.execPath, join(root, "node_modules/typescript/bin/tsc"), "-p", ".");
    }, 60_000);
  }
});
