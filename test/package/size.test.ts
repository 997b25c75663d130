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

/** As for any runtime: an import of something of Node's, or of a package that isn't there, is an error. */
const options = {
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

interface Size {
  /** Bytes, gzipped, of what a server loads when it starts. */
  atStart: number;
  /** The same, with what is loaded when it is needed: ky at the first repeat of a call, jose's JWE to seal. */
  inAll: number;
}

/** Of one bundle of the package as it is installed, with its dependencies. */
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
  return { atStart: gzipped(loaded), inAll: gzipped(whole.outputFiles) };
}

const gzipped = (files: { contents: Uint8Array }[]): number =>
  files.reduce((sum, { contents }) => sum + gzipSync(contents, { level: 9 }).byteLength, 0);

const client = 'export { CalClient, memoryTokenStore } from "calbridge";';

describe("minified and gzipped, with its dependencies, to a server's bundle", () => {
  test("the client with the memory store adds at most 42.5 kB, and 55 kB with what is loaded when it is needed", async () => {
    const size = await sizeOf(client);
    expect(size.atStart).toBeLessThanOrEqual(42_500);
    expect(size.inAll).toBeLessThanOrEqual(55_000);
    expect(size.inAll, "there is something to load later").toBeGreaterThan(size.atStart);
  });

  // jose's JWE takes 9 kB of the handlers, and of encryption: both together have it once.
  test.each([
    { what: "the handlers", exports: 'export * from "calbridge/handlers";', atStart: 20_700, inAll: 29_500 },
    {
      what: "encryption at rest",
      exports: 'export { encryptedTokenStore } from "calbridge";',
      atStart: 2_100,
      inAll: 11_200,
    },
    {
      what: "the Postgres store",
      exports: 'export { postgresTokenStore } from "calbridge/postgres";',
      atStart: 5_500,
      inAll: 5_500,
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
  ])("$what: at most $atStart bytes, and $inAll with what is loaded when it is needed", async (budget) => {
    const [without, size] = await Promise.all([sizeOf(client), sizeOf(client, budget.exports)]);
    expect(size.atStart - without.atStart).toBeLessThanOrEqual(budget.atStart);
    expect(size.inAll - without.inAll).toBeLessThanOrEqual(budget.inAll);
    expect(size.atStart).toBeGreaterThan(without.atStart);
  });
});

test("nothing of the emulator, the command, the component and OpenTelemetry reaches a server's bundle", async () => {
  const entryPoints = [
    "index",
    "stores/postgres/postgres-token-store",
    "stores/prisma/prisma-token-store",
    "stores/sqlite/sqlite-token-store",
    "stores/redis/redis-token-store",
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
  expect(folders).toEqual(expect.arrayContaining(["api", "handlers", "stores", "tokens"]));
  expect(folders.filter((folder) => ["cli", "opentelemetry", "react", "testing"].includes(folder))).toEqual(
    [],
  );
});
