import { build, transform } from "esbuild";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { expect, test } from "vitest";

const folder = join(import.meta.dirname, "../../src/react");

test("calbridge/react adds at most 5.5 kB of script to a page, and 2.3 kB of styles", async () => {
  const { outputFiles, metafile } = await build({
    entryPoints: [join(folder, "index.ts")],
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
  expect(inputs.filter((path) => !path.startsWith("src/react/"))).toEqual([]);
  const imports = Object.values(metafile.outputs).flatMap((output) => output.imports.map(({ path }) => path));
  expect([...new Set(imports)].sort()).toEqual(["react", "react/jsx-runtime"]);
  // Remove the imports of React, which the bundle of the page contains already.
  const script = outputFiles[0]?.text.replaceAll(/import\{[^}]*\}from"[^"]+";/g, "") ?? "";
  expect(script).not.toContain("import");
  expect(gzipSync(script).byteLength).toBeLessThanOrEqual(5500);

  const css = await transform(await readFile(join(folder, "public/react.css"), "utf8"), {
    loader: "css",
    minify: true,
  });
  expect(gzipSync(css.code).byteLength).toBeLessThanOrEqual(2300);
});
