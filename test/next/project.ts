import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "../support/pack.js";
import { askFor } from "../support/postgres.js";

const run = promisify(execFile);

/** A project of somebody who has installed the package and Next.js. */
export interface NextProject {
  /** Builds it for production. */
  build(env: Record<string, string>): Promise<void>;
  /** Starts what was built; resolves when it answers. */
  start(port: number, env: Record<string, string>): Promise<void>;
  /** Stops it, and removes everything. */
  remove(): Promise<void>;
}

export async function createNextProject(files: Record<string, string>): Promise<NextProject> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-next-"));
  const project = join(directory, "app");
  const { tarball } = JSON.parse(await askFor("package")) as PackedPackage;
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  }
  await writeFile(join(project, "package.json"), JSON.stringify({ name: "app", private: true }));
  const packages = [
    "next@16",
    "react@19",
    "react-dom@19",
    "typescript@5",
    "@types/react@19",
    "@types/node@20",
  ];
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball, ...packages];
  await run("npm", install, { cwd: project });

  const next = join(project, "node_modules/next/dist/bin/next");
  const quietly = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", CI: "1", NODE_ENV: "production" };
  let server: ChildProcess | undefined;
  return {
    async build(env) {
      await run(process.execPath, [next, "build"], { cwd: project, env: { ...quietly, ...env } });
    },
    async start(port, env) {
      const options = { cwd: project, env: { ...quietly, ...env }, stdio: "ignore" } as const;
      server = spawn(process.execPath, [next, "start", "-p", String(port), "-H", "127.0.0.1"], options);
      for (let attempt = 0; attempt < 100; attempt += 1) {
        const answer = await fetch(`http://127.0.0.1:${port}/`).catch(() => null);
        if (answer?.ok) return;
        await new Promise((resolve) => setTimeout(resolve, 200));
      }
      throw new Error("Next.js did not start.");
    },
    async remove() {
      const ended = server && new Promise((resolve) => server?.once("exit", resolve));
      server?.kill();
      await ended;
      await rm(directory, { recursive: true, force: true });
    },
  };
}
