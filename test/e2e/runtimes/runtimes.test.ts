import { cp } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { build } from "esbuild";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { createCalEmulator } from "../../../src/testing/index.js";
import { freePort } from "../../support/free-port.js";
import { createProject, type Project } from "../../support/project.js";
import { runToEnd } from "./processes.js";
import { Table } from "./table.js";
import { bundleForWorkers, program, startWorker, tools } from "./tools.js";

const ENDS_BY_ITSELF = "the process ends by itself";
const NODE_SERVER = "toNodeHandler with node:http";

const node = (version: 20 | 22 | 24 | 26) => join(tools, `node${version}/bin/node`);

/**
 * Processes that run all checks and print a line for each. The process of Deno may use the loopback address only: it
 * may not read variables or files.
 */
const processes: Record<string, string[]> = {
  "Node 20.19": [node(20), "program/main.mjs"],
  "20.19 CJS": [node(20), "program/main.cjs"],
  "Node 22": [node(22), "program/main.mjs"],
  "22 CJS": [node(22), "program/main.cjs"],
  "Node 24": [node(24), "program/main.mjs"],
  "24 CJS": [node(24), "program/main.cjs"],
  "Node 26": [node(26), "program/main.mjs"],
  "26 CJS": [node(26), "program/main.cjs"],
  esbuild: [node(20), "bundled.mjs"],
  "esbuild CJS": [node(20), "bundled.cjs"],
  Jest: [node(20), join(tools, "jest/bin/jest.js"), "--ci", "--testMatch", "<rootDir>/jest.cjs"],
  Bun: [join(tools, "bun/bin/bun"), "program/main.mjs"],
  Deno: [
    join(tools, "deno/deno"),
    "run",
    "--no-prompt",
    "--node-modules-dir=manual",
    "--allow-net=127.0.0.1",
    "program/main.mjs",
  ],
};

let project: Project;
let table: Table;

beforeAll(async () => {
  project = await createProject();
  await cp(program, join(project.directory, "program"), { recursive: true });
  const { href } = pathToFileURL(join(program, "checks.js"));
  const { checks } = (await import(href)) as { checks: { name: string }[] };
  table = new Table([...checks.map(({ name }) => name), NODE_SERVER, ENDS_BY_ITSELF]);

  const shared = { absWorkingDir: project.directory, bundle: true, platform: "node" } as const;
  await Promise.all([
    build({
      ...shared,
      entryPoints: ["program/main.mjs"],
      outfile: "bundled.mjs",
      format: "esm",
      minify: true,
    }),
    build({
      ...shared,
      entryPoints: ["program/main.cjs"],
      outfile: "bundled.cjs",
      format: "cjs",
      minify: true,
    }),
    // Jest loads CommonJS and the checks are ES modules, so they are bundled. The package is not.
    build({ ...shared, entryPoints: ["program/jest.cjs"], outfile: "jest.cjs", external: ["calbridge"] }),
  ]);
});

afterAll(async () => {
  process.stdout.write(`\n${String(table)}\n\n`);
  await project.remove();
});

test.each(Object.entries(processes))("all checks pass on %s", async (name, [command = "", ...args]) => {
  const { lines, stderr, exitCode, idleMs } = await runToEnd(command, args, project.directory);

  const hasEnded = exitCode === 0 && idleMs < 20_000;
  const problems = table.enter(name, [...(hasEnded ? [`ok ${ENDS_BY_ITSELF}`] : []), ...lines]);
  expect(problems, stderr).toEqual([]);
  // Jest prints its report to the standard error.
  if (name !== "Jest") expect(stderr).toBe("");
});

describe("Workers", () => {
  async function run(name: string, options: object): Promise<void> {
    const emulator = createCalEmulator();
    const server = await emulator.listen();
    const refusedUrl = `http://127.0.0.1:${await freePort()}/v2`;
    const worker = startWorker({ ...options, bindings: { emulatorUrl: server.url, refusedUrl } });
    try {
      const response = await worker.dispatchFetch("http://worker.example/");
      const lines = (await response.text()).split("\n");
      expect(table.enter(name, lines, [NODE_SERVER, ENDS_BY_ITSELF])).toEqual([]);
    } finally {
      await worker.dispose();
      await server.close();
    }
  }

  test("all checks pass on Workers without Node's built-in modules", async () => {
    // The emulator's server, which uses node:http, is a module of its own that is not loaded here.
    const modules = await bundleForWorkers(project, "worker.js", { splitting: true, external: ["node:*"] });
    await run("Workers", { modules });
  });

  test("all checks pass on Workers with nodejs_compat, bundled into one file", async () => {
    const modules = await bundleForWorkers(project, "worker.js", { external: ["node:*"] });
    await run("with nodejs_compat", { modules, compatibilityFlags: ["nodejs_compat"] });
  });

  test("an application's bundle for Workers imports no built-in module of Node", async () => {
    // esbuild fails if it can't resolve an import.
    const [bundle] = await bundleForWorkers(project, "shared-client.js", {
      external: ["cloudflare:workers"],
    });
    expect(bundle?.contents).not.toMatch(/\bnode:/);
  });
});
