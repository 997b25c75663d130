import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "./pack.js";
import { requestService } from "./postgres.js";

const run = promisify(execFile);

/** A project outside the repository, with the packed package installed. */
export interface Project {
  directory: string;
  packed: PackedPackage;
  /** Runs a program in the project and returns its output. */
  run(command: string, ...args: string[]): Promise<string>;
  remove(): Promise<void>;
}

/** Creates a project as `npm init` does, and installs the packed package. */
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
        // Compilers print errors to the standard output, which the message of the error does not contain.
        const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
        throw new Error(`${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error });
      }
    },
    remove: () => rm(directory, { recursive: true, force: true }),
  };
}
