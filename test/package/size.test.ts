import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { bundleOptions, clientExports, entries, sizeOf } from "../support/entry-sizes.js";
import { root } from "../support/markdown.js";
import { createProject, type Project } from "../support/project.js";

let project: Project;

beforeAll(async () => {
  project = await createProject();
});
afterAll(() => project.remove());

const sizes = (...exports: string[]) => sizeOf(project.directory, exports);

describe("minified and gzipped, with its dependencies, to a server's bundle", () => {
  test("the client with the memory store adds at most 40 kB, and 57.5 kB with what is loaded when it is needed", async () => {
    const size = await sizes(clientExports);
    expect(size.atStart).toBeLessThanOrEqual(40_000);
    expect(size.inAll).toBeLessThanOrEqual(57_500);
    expect(size.inAll, "there is something to load later").toBeGreaterThan(size.atStart);
  });

  // jose's JWE takes 9 kB of the handlers, and of encryption: both together have it once.
  test.each(entries)(
    "$what: at most $atStart bytes, and $inAll with what is loaded when it is needed",
    async (budget) => {
      const [without, size] = await Promise.all([sizes(clientExports), sizes(clientExports, budget.exports)]);
      expect(size.atStart - without.atStart).toBeLessThanOrEqual(budget.atStart);
      expect(size.inAll - without.inAll).toBeLessThanOrEqual(budget.inAll);
      expect(size.atStart).toBeGreaterThan(without.atStart);
    },
  );
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
    ...bundleOptions,
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
