import { relative } from "node:path";
import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/markdown.js";
import { createProject, type Project } from "../support/project.js";

let project: Project;

beforeAll(async () => {
  project = await createProject();
}, 180_000);
afterAll(() => project.remove());

/** Platform "neutral": an import of a Node module, or of a package that is not installed, is an error. */
const options = {
  bundle: true,
  minify: true,
  format: "esm",
  platform: "neutral",
  mainFields: ["module", "main"],
  outdir: "out",
  write: false,
  logLevel: "silent",
} satisfies BuildOptions;

interface Size {
  /** Bytes, gzipped, that a server loads when it starts. */
  atStart: number;
  /** Bytes, gzipped, with the modules that are loaded later: ky at the first retry, jose's JWE at the first encryption. */
  total: number;
}

/** The size of a bundle of the installed package with its dependencies. */
async function sizeOf(...exports: string[]): Promise<Size> {
  const stdin = { contents: exports.join("\n"), resolveDir: project.directory, sourcefile: "server.js" };
  const [whole, split] = await Promise.all([
    build({ ...options, stdin }),
    build({ ...options, stdin, splitting: true, metafile: true, absWorkingDir: project.directory }),
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
  const loaded = split.outputFiles.filter(({ path }) => atStart.has(relative(project.directory, path)));
  return { atStart: gzipped(loaded), total: gzipped(whole.outputFiles) };
}

const gzipped = (files: { contents: Uint8Array }[]): number =>
  files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0);

const client = 'export { CalClient, memoryTokenStore } from "calbridge";';

describe("size in the bundle of a server, minified and gzipped, with dependencies", () => {
  test("the client with the memory store adds at most 25 kB at start, 28.2 kB in total", async () => {
    const size = await sizeOf(client);
    expect(size.atStart).toBeLessThanOrEqual(25_000);
    expect(size.total).toBeLessThanOrEqual(28_200);
    expect(size.total, "some modules are loaded later").toBeGreaterThan(size.atStart);
  });

  // jose's JWE takes 9 kB of the handlers and of encryption. A bundle with both contains it once.
  test.each([
    { part: "the handlers", exports: 'export * from "calbridge/handlers";', atStart: 9_000, total: 17_500 },
    {
      part: "encryption at rest",
      exports: 'export { encryptedTokenStore } from "calbridge";',
      atStart: 1_600,
      total: 10_000,
    },
    {
      part: "the Postgres store",
      exports: 'export { postgresTokenStore } from "calbridge/postgres";',
      atStart: 2_500,
      total: 2_500,
    },
    {
      part: "the Prisma store",
      exports: 'export { prismaTokenStore } from "calbridge/prisma";',
      atStart: 2_000,
      total: 2_000,
    },
    {
      part: "the Node adapter",
      exports: 'export * from "calbridge/node";',
      atStart: 2_000,
      total: 2_000,
    },
  ])("$part adds at most $atStart bytes at start, $total in total", async (budget) => {
    const [without, size] = await Promise.all([sizeOf(client), sizeOf(client, budget.exports)]);
    expect(size.atStart - without.atStart).toBeLessThanOrEqual(budget.atStart);
    expect(size.total - without.total).toBeLessThanOrEqual(budget.total);
    expect(size.atStart).toBeGreaterThan(without.atStart);
  });
});

test("the emulator, the command line and the React component are not part of a server's bundle", async () => {
  const entryPoints = [
    "index",
    "stores/postgres/postgres-token-store",
    "stores/prisma/prisma-token-store",
    "handlers/index",
    "node/index",
  ];
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: entryPoints.map((name) => `src/${name}.ts`),
    metafile: true,
  });
  const folders = Object.keys(metafile.inputs).flatMap((path) => /^src\/([\w-]+)\//.exec(path)?.[1] ?? []);
  expect(folders).toContain("handlers");
  expect(folders.filter((folder) => ["testing", "cli", "react"].includes(folder))).toEqual([]);
});
