import { build, transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const source = join(import.meta.dirname, "../../src");

/** What an entry adds to a page's script, compressed, and what it consists of. */
async function bundle(entry: "browser" | "react") {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(source, entry, "index.ts")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    external: ["react", "react/*"],
    metafile: true,
    write: false,
  });
  const inputs = Object.keys(metafile.inputs);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  // Remove the imports of React, which the bundle of the page contains already.
  const script = outputFiles[0]?.text.replaceAll(/import\{[^}]*\}from"[^"]+";/g, "") ?? "";
  expect(script).not.toContain("import");
  return { inputs, imports: [...new Set(imports)].sort(), bytes: gzipSync(script).byteLength };
}

test("calbridge/browser adds at most 4.5 kB of script to a page, and nothing of the server side", async () => {
  const { inputs, imports, bytes } = await bundle("browser");
  expect(inputs.filter((path) => !path.startsWith("src/browser/"))).toEqual([]);
  expect(imports).toEqual([]);
  expect(bytes).toBeLessThanOrEqual(4_500);
});

test("calbridge/react adds at most 11.3 kB of script to a page, and 2.5 kB of styles", async () => {
  const { inputs, imports, bytes } = await bundle("react");
  expect(inputs.filter((path) => !/^src\/(browser|react)\//.test(path))).toEqual([]);
  expect(imports).toEqual(["react", "react/jsx-runtime"]);
  expect(bytes).toBeLessThanOrEqual(11_300);

  const css = await transform(await readFile(join(source, "react/public/react.css"), "utf8"), {
    loader: "css",
    minify: true,
  });
  expect(gzipSync(css.code).byteLength).toBeLessThanOrEqual(2500);
});
