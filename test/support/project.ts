import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "./pack.js";
import { requestService } from "./postgres.js";

const run = promisify(execFile);

/** A project of somebody who has installed the package and nothing else of ours. */
export interface Project {
  directory: string;
  packed: PackedPackage;
  /** Runs a program there, and answers what it prints. */
  run(command: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Makes one as `npm init` does, and installs the packed package. */
export async function createProject(): Promise<Project> {
  const packed = JSON.parse(await requestService("package")) as PackedPackage;
  const directory = await mkdtemp(join(tmpdir(), "calbridge-project-"));
  const manifest = { name: "a-project", version: "1.0.0", type: "commonjs" };
  await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", packed.tarball];
  await run("npm", install, { cwd: directory });
  return {
    directory,
    packed,
    async run(command, ...args) {
      try {
        return (await run(command, args, { cwd: directory })).stdout.trim();
      } catch (error) {
        // Compilers complain on standard output, which the error's message leaves out.
        const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
        throw new Error(`${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error });
      }
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
