import { execFile, spawn, type ChildProcess } from "node:child_process";
import { cp, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "../../support/pack.js";
import { requestService } from "../../support/postgres.js";
import type { FrameworkApplication } from "./applications.js";

const run = promisify(execFile);
type Env = Record<string, string>;

/** An application in a directory of its own, with the packed package installed, and built. */
export interface InstalledApplication {
  /** The version of the framework. */
  version: string;
  /** Starts its server. Resolves when it responds at `url`. */
  start(url: string, env: Env): Promise<{ stop(): Promise<void> }>;
  remove(): Promise<void>;
}

interface Manifest {
  version: string;
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}

export async function installApplication(application: FrameworkApplication): Promise<InstalledApplication> {
  const packed = JSON.parse(await requestService("package")) as PackedPackage;
  const directory = await mkdtemp(join(tmpdir(), "calbridge-framework-"));
  const remove = (): Promise<void> => rm(directory, { recursive: true, force: true });
  const inDirectory = (env: Env) => ({ cwd: directory, env: withoutTestRunner(env), maxBuffer: 2 ** 26 });
  const npm = async (...args: string[]): Promise<void> => {
    try {
      await run("npm", args, inDirectory({}));
    } catch (error) {
      const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
      throw new Error(`npm ${args.join(" ")} failed: ${stdout}${stderr}`, { cause: error });
    }
  };
  try {
    for (const folder of application.folders) {
      await cp(join(import.meta.dirname, folder), directory, { recursive: true });
    }
    await cp(join(import.meta.dirname, "calendar.js"), join(directory, application.calendar));
    await cp(packed.tarball, join(directory, "calbridge.tgz"));
    const manifest = await readManifest(directory);
    Object.assign(manifest.dependencies, application.packages);
    await writeFile(join(directory, "package.json"), JSON.stringify(manifest));
    await npm("install", "--prefer-offline", "--no-audit", "--no-fund");
    if (manifest.scripts["build"] !== undefined) await npm("run", "build");
    const { version } = await readManifest(join(directory, "node_modules", application.framework));
    return {
      version,
      async start(url, env) {
        // A group of its own: npm starts the server as a child of a child.
        const server = spawn("npm", ["run", "start"], { ...inDirectory(env), detached: true });
        await responds(url, server);
        return { stop: () => stopGroup(server) };
      },
      remove,
    };
  } catch (error) {
    await remove();
    throw error;
  }
}

async function readManifest(directory: string): Promise<Manifest> {
  return JSON.parse(await readFile(join(directory, "package.json"), "utf8")) as Manifest;
}

/** The environment without what Vitest has set: builds of Vite and Nuxt read some of it. */
function withoutTestRunner(env: Env): NodeJS.ProcessEnv {
  const own = Object.entries(process.env).filter(
    ([name]) => !/^(VITEST|TEST$|NODE_ENV$|MODE$|DEV$|PROD$|SSR$|BASE_URL$)/.test(name),
  );
  return {
    ...Object.fromEntries(own),
    NODE_ENV: "production",
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    NUXT_TELEMETRY_DISABLED: "1",
    ...env,
  };
}

async function responds(url: string, server: ChildProcess): Promise<void> {
  const output: string[] = [];
  for (const stream of [server.stdout, server.stderr]) {
    stream?.on("data", (text: Buffer) => void output.push(text.toString()));
  }
  const hasEnded = (): boolean => server.exitCode !== null || server.signalCode !== null;
  for (let attempt = 0; attempt < 600 && !hasEnded(); attempt += 1) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!hasEnded()) await stopGroup(server);
  throw new Error(`The server did not respond at ${url}: ${output.join("")}`);
}

async function stopGroup(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once("close", resolve));
  process.kill(-server.pid!, "SIGTERM");
  await ended;
}
