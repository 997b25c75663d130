import { readdir, readFile, stat } from "node:fs/promises";
import { homedir, tmpdir } from "node:os";
import { basename, dirname, join, relative } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { root } from "../support/markdown.js";
import { createProject, type Project } from "../support/project.js";
import { Modules } from "./modules.js";

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, Record<string, string>>>;
}

interface SourceMap {
  sources: string[];
  sourcesContent: string[];
}

let project: Project;
let home: string;
let built: string[];
let modules: Modules;

beforeAll(async () => {
  project = await createProject();
  home = join(project.directory, "node_modules/calbridge");
  built = project.packed.files.filter((path) => path.startsWith("dist/")).map((path) => join(home, path));
  modules = new Modules(built.filter((path) => /\.c?js$/.test(path)));
});
afterAll(() => project.remove());

const named = (names: string[]) => names.map((name) => join(home, "dist", name));

describe("what is in the package", () => {
  test("can all be reached from an export or from the command", async () => {
    const { bin, exports } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as Manifest;
    const targets = Object.values(exports).flatMap((target) =>
      typeof target === "string" ? [target] : Object.values(target).flatMap((paths) => Object.values(paths)),
    );
    const reached = new Set<string>();
    for (const target of [...targets, ...Object.values(bin)]) {
      if (target === "./package.json") continue;
      modules.reachable(join(home, target), { dynamic: true }, reached);
    }
    const others = built.filter((path) => !reached.has(path) && !reached.has(path.replace(/\.map$/, "")));
    expect(others).toEqual(named(["THIRD-PARTY-NOTICES.txt"]));
    expect([...reached].filter((path) => !built.includes(path))).toEqual([]);
  });

  test("has the licence of each package that is built in, and of no other", async () => {
    const texts = await Promise.all(built.map((path) => readFile(path, "utf8")));
    // The build says above each piece where it is from.
    const places = texts.flatMap((text) => [
      ...text.matchAll(/^ *\/\/ .*node_modules\/((?:@[^/\n]+\/)?[^/\n]+)\//gm),
    ]);
    const names = new Set(places.map(([, name = ""]) => name));
    expect([...names]).toEqual(expect.arrayContaining(["hono", "jose", "ky", "zod"]));

    const notices = await readFile(join(home, "dist/THIRD-PARTY-NOTICES.txt"), "utf8");
    const listed = [...notices.matchAll(/^==== (.+) \(.+\)$/gm)].map(([, title]) => title);
    const expected = [...names].map(async (name) => {
      const directory = join(root, "node_modules", name);
      const { version } = JSON.parse(await readFile(join(directory, "package.json"), "utf8"));
      const file = (await readdir(directory)).find((path) => /^license/i.test(path))!;
      expect(notices).toContain((await readFile(join(directory, file), "utf8")).trim());
      return `${name} ${version as string}`;
    });
    expect(listed.sort()).toEqual((await Promise.all(expected)).sort());
  });

  test("takes at most 3.2 MB with the guides, and 8 MB with its source maps", async () => {
    const maps = await Promise.all(mapPaths().map(async (path) => (await stat(path)).size));
    const sizeOfMaps = maps.reduce((sum, size) => sum + size, 0);
    expect(project.packed.unpackedSize - sizeOfMaps).toBeLessThanOrEqual(3_200_000);
    expect(project.packed.unpackedSize).toBeLessThanOrEqual(8_000_000);
  });

  test("contains nothing of the machine that built it", async () => {
    const places = [root, join(homedir(), "/"), join(tmpdir(), "calbridge-")];
    for (const path of project.packed.files) {
      const text = await readFile(join(home, path), "utf8");
      expect(
        places.filter((place) => text.includes(place)),
        path,
      ).toEqual([]);
    }
  });
});

const mapPaths = () => built.filter((path) => path.endsWith(".map"));

describe("a stack trace of the package", () => {
  test("names files by what is in them", () => {
    const chunks = built.filter((path) => /\/chunks\/.*js$/.test(path)).map((path) => basename(path));
    expect(chunks).toEqual(expect.arrayContaining(["client.js", "client.cjs"]));
    expect(chunks.filter((name) => /chunk|shared|-[A-Z0-9]{8}\./.test(name))).toEqual([]);
  });

  test.each([
    ["import", "--input-type=module", 'import { CalClient } from "calbridge";'],
    ["require", "--input-type=commonjs", 'const { CalClient } = require("calbridge");'],
  ])("names lines of our sources with --enable-source-maps: %s", async (_, type, load) => {
    const script = `${load} try { new CalClient({}); } catch (error) { console.log(error.stack); }`;
    const stack = await project.run(process.execPath, "--enable-source-maps", type, "-e", script);
    const frames = [...stack.matchAll(/calbridge\/(.+):(\d+):(\d+)\)?$/gm)];
    expect(frames.length, stack).toBeGreaterThan(1);
    for (const [, path = ""] of frames) expect(path).toMatch(/^src\/.*\.ts$/);
    const [, path = "", line = ""] = frames[0]!;
    const source = await readFile(join(root, path), "utf8");
    expect(source.split("\n")[Number(line) - 1], stack).toMatch(/\bthrow\b|\bnew Cal\w*Error\b/);
  });

  test("has our sources, as they were when it was built, and no other package's", async () => {
    for (const path of mapPaths()) {
      const map = JSON.parse(await readFile(path, "utf8")) as SourceMap;
      expect(map.sources, path).not.toEqual([]);
      for (const [index, source] of map.sources.entries()) {
        const inPackage = relative(home, join(dirname(path), source));
        expect(inPackage).toMatch(/^src\//);
        expect(map.sourcesContent[index], source).toBe(await readFile(join(root, inPackage), "utf8"));
      }
    }
  });

  test("finds the map of each file that has one, once", async () => {
    for (const path of built.filter((name) => /\.c?js$/.test(name))) {
      const urls = [...(await readFile(path, "utf8")).matchAll(/^\/\/# sourceMappingURL=(.+)$/gm)];
      const hasMap = built.includes(`${path}.map`);
      expect(
        urls.map(([, url]) => url),
        path,
      ).toEqual(hasMap ? [`${basename(path)}.map`] : []);
    }
  });
});

describe("what is Node's own", () => {
  const ofNode = (path: string, options: { dynamic: boolean }) => [
    ...new Set([...modules.reachable(path, options)].flatMap((file) => modules.nodeNames(file))),
  ];

  test.each(["index", "postgres", "prisma", "handlers", "react", "node", "opentelemetry"])(
    "is not used by %s",
    (entry) => {
      for (const path of named([`${entry}.js`, `${entry}.cjs`])) {
        expect(ofNode(path, { dynamic: true }), basename(path)).toEqual([]);
      }
    },
  );

  test("is used by testing only where the emulator listens, which is loaded when it is asked to", () => {
    for (const path of named(["testing.js", "testing.cjs"])) {
      expect(ofNode(path, { dynamic: false }), basename(path)).toEqual([]);
      const whenListening = ["Buffer", "global", "node:http", "node:http2", "node:stream", "process"];
      expect(whenListening, basename(path)).toEqual(expect.arrayContaining(ofNode(path, { dynamic: true })));
      expect(ofNode(path, { dynamic: true })).toContain("node:http");
    }
  });

  test("is known when it is seen: the command uses it", () => {
    const [command = ""] = named(["cli.js"]);
    expect(ofNode(command, { dynamic: false })).toEqual(expect.arrayContaining(["node:util", "process"]));
  });
});
