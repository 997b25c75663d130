import { gzipSync } from "node:zlib";
import { build, type BuildOptions } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
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
  write: false,
  logLevel: "silent",
} satisfies BuildOptions;

interface Size {
  /** Bytes, gzipped, of what a server loads when it starts. */
  atStart: number;
  /** The same, with what is loaded later: ky, at the first repeat of a call. */
  inAll: number;
}

/** Of one bundle of the package as it is installed, with its dependencies. */
async function sizeOf(...exports: string[]): Promise<Size> {
  const stdin = { contents: exports.join("\n"), resolveDir: project.directory, sourcefile: "server.js" };
  const [whole, split] = await Promise.all([
    build({ ...options, stdin }),
    build({ ...options, stdin, splitting: true, metafile: true }),
  ]);
  const bytes = ({ contents }: { contents: Uint8Array }) => gzipSync(contents, { level: 9 }).byteLength;
  const later = new Set(
    Object.values(split.metafile.outputs).flatMap(({ imports }) =>
      imports.filter(({ kind }) => kind === "dynamic-import").map(({ path }) => path.split("/").at(-1)),
    ),
  );
  const loaded = split.outputFiles.filter(({ path }) => !later.has(path.split("/").at(-1)));
  expect(loaded).not.toHaveLength(split.outputFiles.length);
  return {
    atStart: loaded.reduce((sum, file) => sum + bytes(file), 0),
    inAll: whole.outputFiles.reduce((sum, file) => sum + bytes(file), 0),
  };
}

const client = 'export { CalClient, memoryTokenStore } from "calbridge";';

describe("minified and gzipped, with its dependencies, to a server's bundle", () => {
  it("the client with the memory store adds at most 23 kB, and 28 kB with ky, which is loaded when it is needed", async () => {
    const size = await sizeOf(client);
    expect(size.atStart).toBeLessThanOrEqual(23_000);
    expect(size.inAll).toBeLessThanOrEqual(28_000);
  });

  // jose's encryption takes 9 kB of the handlers, and of what encrypts tokens: both together have it once.
  it.each([
    ["the handlers add at most 17 kB", 17_000, 'export * from "calbridge/handlers";'],
    ["encryption at rest adds at most 10 kB", 10_000, 'export { encryptedTokenStore } from "calbridge";'],
    [
      "the Postgres store adds at most 2.5 kB",
      2_500,
      'export { postgresTokenStore } from "calbridge/postgres";',
    ],
    ["the Prisma store adds at most 2 kB", 2_000, 'export { prismaTokenStore } from "calbridge/prisma";'],
    ["the bridge to Node adds at most 2 kB", 2_000, 'export * from "calbridge/node";'],
  ])("%s", async (_, budget, more) => {
    const [without, size] = await Promise.all([sizeOf(client), sizeOf(client, more)]);
    expect(size.inAll - without.inAll).toBeLessThanOrEqual(budget);
    expect(size.inAll).toBeGreaterThan(without.inAll);
  });
});

it("nothing of the emulator, the command and the component reaches a server's bundle", async () => {
  const entryPoints = ["index", "stores/postgres", "stores/prisma", "handlers/index", "handlers/node"];
  const { metafile } = await build({
    ...options,
    absWorkingDir: root,
    entryPoints: entryPoints.map((name) => `src/${name}.ts`),
    metafile: true,
  });
  const rooms = Object.keys(metafile.inputs).flatMap((path) => /^src\/([\w-]+)\//.exec(path)?.[1] ?? []);
  expect([...new Set(rooms)].sort()).toEqual(["api", "handlers", "stores", "tokens"]);
});
