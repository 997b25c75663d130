import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { build, type BuildOptions } from "esbuild";
import { root } from "../../support/markdown.js";
import type { Project } from "../../support/project.js";

/** Where the runtimes are installed, by a lock file of their own: `npm ci --prefix test/e2e/runtimes`. */
export const tools = join(root, "test/e2e/runtimes/node_modules");

/** What the runtimes run. */
export const program = join(root, "test/e2e/runtimes/program");

/** What these tests need of Miniflare, which the root does not install. */
export interface Miniflare {
  ready: Promise<URL>;
  dispatchFetch(url: string, init?: RequestInit): Promise<Response>;
  getD1Database(binding: string): Promise<unknown>;
  dispose(): Promise<void>;
}

/** Starts workerd. */
export function startWorker(options: object): Miniflare {
  const { Miniflare } = createRequire(join(tools, "index.js"))("miniflare") as {
    Miniflare: new (options: object) => Miniflare;
  };
  return new Miniflare({ compatibilityDate: "2026-04-01", ...options });
}

/** A module as Miniflare takes it. */
export interface WorkerModule {
  type: "ESModule";
  path: string;
  contents: string;
}

/** Bundles a file of the program as wrangler does. The entry comes first. */
export async function bundleForWorkers(
  project: Project,
  entry: string,
  options: BuildOptions,
): Promise<WorkerModule[]> {
  const { outputFiles = [] } = await build({
    absWorkingDir: project.directory,
    entryPoints: [`program/${entry}`],
    outdir: "worker",
    bundle: true,
    format: "esm",
    target: "es2024",
    platform: "neutral",
    mainFields: ["browser", "module", "main"],
    conditions: ["workerd", "worker", "browser"],
    write: false,
    ...options,
  });
  const modules = outputFiles.map(({ path, text }) => {
    return { type: "ESModule" as const, path: basename(path), contents: text };
  });
  return modules.sort((a, b) => Number(b.path === entry) - Number(a.path === entry));
}
