import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";
import { builds, interleave, median, round, type Finding } from "./report.js";

const ROUNDS = 15;
const RUNTIMES = join(import.meta.dirname, "../e2e/runtimes/node_modules");

/** The files to import: as published, and bundled into one minified file as for a cloud function. */
const imports: Record<string, string[]> = {
  CalClient: ["index.js"],
  "CalClient and handlers": ["index.js", "handlers.js"],
};

async function bundleOf(directory: string, dist: string, name: string, files: string[]): Promise<string> {
  const outfile = join(directory, `${name.replaceAll(/\W+/g, "-")}.mjs`);
  await build({
    stdin: {
      contents: files.map((file) => `export * from ${JSON.stringify(join(dist, file))};`).join("\n"),
      resolveDir: dist,
    },
    outfile,
    bundle: true,
    minify: true,
    format: "esm",
    platform: "node",
    logLevel: "error",
  });
  return outfile;
}

/** The Node that runs this, and Node 24 if the tests of the runtimes have installed it. */
function nodes(): Record<string, string> {
  const found: Record<string, string> = { [process.version]: process.execPath };
  const other = join(RUNTIMES, "node24/bin/node");
  if (existsSync(other)) found[spawnSync(other, ["--version"]).stdout.toString().trim()] = other;
  return found;
}

/** Measures the import of the package in a new process. */
export async function measureColdStart(): Promise<Finding> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-bench-"));
  const ways: { name: string; node: string; version: string; statements: string[] }[] = [];
  for (const [version, node] of Object.entries(nodes())) {
    ways.push({ name: "nothing", node, version, statements: [] });
    for (const { dist, name: build } of builds) {
      for (const [what, files] of Object.entries(imports)) {
        const name = build === "calbridge" ? what : `${what}, before`;
        const load = (file: string) => `await import(${JSON.stringify(file)});`;
        ways.push({ name, node, version, statements: files.map((file) => load(join(dist, file))) });
        const bundled = [load(await bundleOf(directory, dist, name, files))];
        ways.push({ name: `${name}, bundled`, node, version, statements: bundled });
      }
    }
  }
  const rounds = await interleave(ways, ROUNDS, ({ node, statements }) => {
    // Measured from the start of the process, including the start of Node.
    const script = `${statements.join("")}
      const { user, system } = process.cpuUsage();
      console.log(JSON.stringify({ cpu: (user + system) / 1000, wall: performance.now() }));`;
    const { stdout, stderr } = spawnSync(node, ["--input-type=module", "-e", script]);
    if (stdout.length === 0) throw new Error(stderr.toString());
    return Promise.resolve(JSON.parse(stdout.toString()) as { cpu: number; wall: number });
  });
  await rm(directory, { recursive: true });

  const figure = (way: (typeof ways)[number], name: "cpu" | "wall") =>
    median((rounds.get(way) ?? []).map((result) => result[name]));
  return {
    title: "Cold start",
    notes: `New processes, from their start to the end of the import; medians of ${ROUNDS} interleaved rounds.`,
    rows: ways.map((way) => {
      const nothing = ways.find(({ name, node }) => name === "nothing" && node === way.node) ?? way;
      return {
        node: way.version,
        imports: way.name,
        "cpu ms": round(figure(way, "cpu"), 1),
        "wall ms": round(figure(way, "wall"), 1),
        "cpu ms over nothing": round(figure(way, "cpu") - figure(nothing, "cpu"), 1),
        "wall ms over nothing": round(figure(way, "wall") - figure(nothing, "wall"), 1),
      };
    }),
  };
}
