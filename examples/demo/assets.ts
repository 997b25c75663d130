import { build } from "esbuild";
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

const pathOf = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** The files that the page loads, by path: its script, which is bundled once at the start, and its styles. */
export async function buildAssets(): Promise<Record<string, { type: string; body: string }>> {
  const { outputFiles } = await build({
    entryPoints: [pathOf("page/client.tsx")],
    bundle: true,
    minify: true,
    format: "esm",
    target: "es2022",
    jsx: "automatic",
    define: { "process.env.NODE_ENV": '"production"' },
    write: false,
  });
  const css = await Promise.all(
    ["../../src/react/public/react.css", "page/demo.css"].map((path) => readFile(pathOf(path), "utf8")),
  );
  return {
    "/client.js": { type: "text/javascript; charset=utf-8", body: outputFiles[0]?.text ?? "" },
    "/styles.css": { type: "text/css; charset=utf-8", body: css.join("\n") },
  };
}
