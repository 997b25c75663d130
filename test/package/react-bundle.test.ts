import { build, transform, type BuildOptions } from "esbuild";
import { readFile } from "node:fs/promises";
import { join, relative } from "node:path";
import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";

const source = join(import.meta.dirname, "../../src");

/** As a bundler that makes a file of each part that is loaded later. */
const options = {
  bundle: true,
  minify: true,
  splitting: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  external: ["react", "react/*"],
  absWorkingDir: source,
  outdir: "out",
  metafile: true,
  write: false,
} satisfies BuildOptions;

/** What a page's script consists of, and how many bytes it adds to the page, compressed. */
async function bundle(contents: string) {
  const { outputFiles, metafile } = await build({
    ...options,
    stdin: { contents, resolveDir: source, sourcefile: "page.ts" },
  });
  const { outputs } = metafile;
  // Without the imports of React, which the page contains already, and without what links the files.
  const texts = new Map(
    outputFiles.map(({ path, text }) => [
      relative(source, path),
      text.replaceAll(/import\{[^}]*\}from"[^"]+";|export\{[^}]*\};/g, ""),
    ]),
  );
  /** A file, and the files that it needs to begin with. */
  const closure = (path: string, found = new Set<string>()): Set<string> => {
    if (found.has(path)) return found;
    found.add(path);
    for (const { path: next, kind, external } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement" && !external) closure(next, found);
    }
    return found;
  };
  const bytesOf = (...paths: string[]): number =>
    gzipSync(paths.map((path) => texts.get(path) ?? "").join("\n")).byteLength;

  // A bundler puts what a page starts with into one file. Each of the others is compressed by itself.
  const start = closure("out/stdin.js");
  const atStart = bytesOf(...start);
  const bytesWith = (paths: Iterable<string>): number =>
    [...paths].filter((path) => !start.has(path)).reduce((sum, path) => sum + bytesOf(path), atStart);
  const imported = Object.values(outputs).flatMap(({ imports }) => imports);
  return {
    inputs: Object.keys(metafile.inputs).filter((path) => path !== "page.ts" && path !== "<stdin>"),
    packages: [...new Set(imported.flatMap(({ path, external }) => (external ? [path] : [])))].sort(),
    atStart,
    /** With the part that is loaded from this module. */
    withPart: (module: string) => {
      const part = Object.keys(outputs).find((path) => outputs[path]?.entryPoint === module);
      return bytesWith(closure(part ?? expect.fail(`${module} is not a part of its own`)));
    },
    inAll: bytesWith(texts.keys()),
  };
}

test("calbridge/browser adds at most 4.45 kB of script to a page, and nothing of the server side", async () => {
  const { inputs, packages, atStart, inAll } = await bundle('export * from "./browser/index.js";');
  expect(inputs.filter((path) => !path.startsWith("browser/"))).toEqual([]);
  expect(packages).toEqual([]);
  expect(atStart).toBeLessThanOrEqual(4_450);
  expect(inAll, "all of it at the start").toBe(atStart);
});

describe("calbridge/react", () => {
  test("adds at most 8.5 kB of script to a page, 10.9 kB with the picker, and 12.6 kB in all", async () => {
    const page = await bundle(
      'export { CalendarIntegration, CalendarPicker, useCalendarIntegration } from "./react/index.js";',
    );
    expect(page.inputs.filter((path) => !/^(browser|react)\//.test(path))).toEqual([]);
    expect(page.packages).toEqual(["react", "react/jsx-runtime"]);
    expect(page.atStart).toBeLessThanOrEqual(8_500);
    expect(page.withPart("react/picker.tsx")).toBeLessThanOrEqual(10_900);
    expect(page.inAll).toBeLessThanOrEqual(12_600);
  });

  test("adds at most 2.5 kB of styles", async () => {
    const css = await transform(await readFile(join(source, "react/public/react.css"), "utf8"), {
      loader: "css",
      minify: true,
    });
    expect(gzipSync(css.code).byteLength).toBeLessThanOrEqual(2500);
  });
});
