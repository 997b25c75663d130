import { rename } from "node:fs/promises";
import { join } from "node:path";
import { build } from "esbuild";

/**
 * Bundles a file that a test starts as many processes. Without it, each process would take half a second to load
 * TypeScript. Returns the path of the bundle.
 *
 * @param options.whole - Whether to bundle packages as well, so that the processes start even faster.
 */
export async function bundle(name: string, { whole = false } = {}): Promise<string> {
  const file = join(process.cwd(), `node_modules/.calbridge-test/${name}.${whole ? "cjs" : "mjs"}`);
  // Written under another name and then renamed, as another test file may be starting processes from it.
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
