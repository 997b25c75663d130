import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";

/** As for any runtime: an import of something of Node's, or of a package that isn't there, is an error. */
export const bundleOptions = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  outdir: "out",
  // Whoever imports calbridge/opentelemetry has it.
  external: ["@opentelemetry/api"],
  write: false,
  logLevel: "silent",
} satisfies BuildOptions;

/** The size of a bundle. */
export interface Size {
  /** Bytes, gzipped, of what a server loads when it starts. */
  atStart: number;
  /** The same, with what is loaded when it is needed: ky at the first repeat of a call, jose's JWE to seal. */
  inAll: number;
}

/**
 * The size of one bundle, with the package's dependencies.
 *
 * @param directory - Where the imports are looked up.
 * @param alias - What names stand for, if the package is not installed there.
 */
export async function sizeOf(
  directory: string,
  exports: readonly string[],
  alias: Record<string, string> = {},
): Promise<Size> {
  const stdin = { contents: exports.join("\n"), resolveDir: directory, sourcefile: "server.js" };
  const [whole, split] = await Promise.all([
    build({ ...bundleOptions, alias, stdin }),
    build({ ...bundleOptions, alias, stdin, splitting: true, metafile: true, absWorkingDir: directory }),
  ]);
  const { outputs } = split.metafile;
  const atStart = new Set<string>();
  const load = (path: string): void => {
    if (atStart.has(path)) return;
    atStart.add(path);
    for (const { kind, path: next } of outputs[path]?.imports ?? []) {
      if (kind === "import-statement") load(next);
    }
  };
  load("out/stdin.js");
  const loaded = split.outputFiles.filter(({ path }) => atStart.has(relative(directory, path)));
  return { atStart: gzipped(loaded), inAll: gzipped(whole.outputFiles) };
}

const gzipped = (files: { contents: Uint8Array }[]): number =>
  files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0);

/** What every server's bundle has. */
export const clientExports = 'export { CalClient, memoryTokenStore } from "calbridge";';

/** What it may have besides, and the most bytes that this adds. */
export const entries = [
  { what: "the handlers", exports: 'export * from "calbridge/handlers";', atStart: 21_300, inAll: 31_000 },
  {
    what: "encryption at rest",
    exports: 'export { encryptedTokenStore } from "calbridge";',
    atStart: 2_100,
    inAll: 11_200,
  },
  {
    what: "the Postgres store",
    exports: 'export { postgresTokenStore } from "calbridge/postgres";',
    atStart: 5_700,
    inAll: 5_700,
  },
  {
    what: "the Prisma store",
    exports: 'export { prismaTokenStore } from "calbridge/prisma";',
    atStart: 4_500,
    inAll: 4_500,
  },
  {
    what: "the Redis store",
    exports: 'export { redisTokenStore } from "calbridge/redis";',
    atStart: 3_000,
    inAll: 3_000,
  },
  {
    what: "the SQLite store",
    exports: 'export { sqliteTokenStore } from "calbridge/sqlite";',
    atStart: 5_500,
    inAll: 5_500,
  },
  {
    what: "traces and metrics",
    exports: 'export * from "calbridge/opentelemetry";',
    atStart: 2_000,
    inAll: 2_000,
  },
  {
    what: "the bridge to Node",
    exports: 'export * from "calbridge/node";',
    atStart: 2_000,
    inAll: 2_000,
  },
];
