import { rename } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * Bundles a file that tests run as processes, once for a test file: many are started, and each would take
 * half a second to load TypeScript. Answers the bundle's path.
 *
 * @param options.whole - Packages go into the bundle as well, which is faster still.
 */
export async function bundle(name: string, { whole = false } = {}): Promise<string> {
  const file = join(process.cwd(), `node_modules/.calbridge-test/${name}.${whole ? "cjs" : "mjs"}`);
  // Renamed when it is whole: another test file may be starting processes from it.
  const draft = `${file}.${process.pid}`;
  await build({
    entryPoints: [`test/support/${name}.ts`],
    outfile: draft,
    bundle: true,
    platform: "node",
    format: whole ? "cjs" : "esm",
    ...(whole ? { external: ["pg-native"] } : { packages: "external" }),
  });
  await rename(draft, file);
  return file;
}
