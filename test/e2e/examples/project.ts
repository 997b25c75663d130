import { execFile, spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { cp, mkdir, mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { promisify } from "node:util";
import type { CalEmulator } from "../../../src/testing/index.js";
import { freePort } from "../../support/free-port.js";
import { root } from "../../support/markdown.js";

const run = promisify(execFile);
type Env = Record<string, string>;

/** A copy of an example, in a folder that otherwise contains the built package only. */
export interface ExampleProject {
  directory: string;
  /** Runs a program, such as `npm run build`. Rejects with its output. */
  run(command: string, env?: Env): Promise<void>;
  /** Starts a server with a script of the project. Resolves when the server responds. */
  start(script: string, options: { origin: string; env: Env }): Promise<RunningServer>;
  /** Removes everything. */
  remove(): Promise<void>;
}

/** The server of an example. */
interface RunningServer {
  stop(): Promise<void>;
}

// Files that developers may have in the folders.
const ignored = new Set(["node_modules", "dist", ".next", ".wrangler", "generated", "next-env.d.ts", ".env"]);

/** Copies an example and installs the packages of its lock file, and calbridge from `dist`. */
export async function installExample(name: string): Promise<ExampleProject> {
  const repository = await mkdtemp(join(tmpdir(), `calbridge-example-${name}-`));
  const directory = join(repository, "examples", name);
  await mkdir(directory, { recursive: true });
  for (const file of ["package.json", "README.md", "CHANGELOG.md", "LICENSE", "dist"]) {
    await cp(join(root, file), join(repository, file), { recursive: true });
  }
  await cp(join(root, "examples", name), directory, {
    recursive: true,
    filter: (path) => !ignored.has(basename(path)),
  });

  const environment = (env: Env): NodeJS.ProcessEnv => ({
    ...process.env,
    NODE_ENV: "production",
    CI: "1",
    NEXT_TELEMETRY_DISABLED: "1",
    WRANGLER_SEND_METRICS: "false",
    CHECKPOINT_DISABLE: "1",
    // Only migrations need the schema engine, which would be downloaded. Prisma accepts any program in its place.
    PRISMA_SCHEMA_ENGINE_BINARY: process.execPath,
    ...env,
  });
  const project: ExampleProject = {
    directory,
    async run(command, env = {}) {
      const [program = "", ...args] = command.split(" ");
      try {
        await run(program, args, { cwd: directory, env: environment(env) });
      } catch (error) {
        const { stdout = "", stderr = "" } = error as { stdout?: string; stderr?: string };
        throw new Error(`${command} failed: ${stdout}${stderr}`, { cause: error });
      }
    },
    async start(script, { origin, env }) {
      const output: string[] = [];
      // In a process group of its own, as npm starts the server as an indirect child.
      const server = spawn("npm", ["run", ...script.split(" ")], {
        cwd: directory,
        env: environment(env),
        detached: true,
      });
      for (const stream of [server.stdout, server.stderr]) {
        stream.on("data", (text: Buffer) => void output.push(text.toString()));
      }
      await untilItResponds(origin, server, output);
      return { stop: () => stopGroup(server) };
    },
    remove: () => rm(repository, { recursive: true, force: true }),
  };
  try {
    await project.run("npm ci --prefer-offline --no-audit --no-fund --include=dev");
  } catch (error) {
    await project.remove();
    throw error;
  }
  return project;
}

async function untilItResponds(url: string, server: ChildProcess, output: string[]): Promise<void> {
  const state = { hasEnded: false };
  server.once("exit", () => (state.hasEnded = true));
  for (let attempt = 0; attempt < 1_200 && !state.hasEnded; attempt += 1) {
    const response = await fetch(url).catch(() => null);
    if (response?.ok) return;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  if (!state.hasEnded) await stopGroup(server);
  throw new Error(`The server does not respond at ${url}: ${output.join("")}`);
}

async function stopGroup(server: ChildProcess): Promise<void> {
  const ended = new Promise((resolve) => server.once("close", resolve));
  process.kill(-server.pid!, "SIGTERM");
  await ended;
}

/** Values for the variables in the example's `.env.example`, with a free port. */
export async function exampleEnv(
  { directory }: ExampleProject,
  { emulator, calUrl, databaseUrl }: { emulator: CalEmulator; calUrl: string; databaseUrl: string },
): Promise<{ env: Env; port: string; origin: string }> {
  const port = String(await freePort());
  const origin = `http://127.0.0.1:${port}`;
  const values: Env = {
    CAL_CLIENT_ID: emulator.clientId,
    CAL_CLIENT_SECRET: emulator.clientSecret,
    CAL_API_URL: calUrl,
    CAL_STATE_SECRET: randomBytes(32).toString("base64"),
    CAL_TOKEN_ENCRYPTION_KEYS: `k1:${randomBytes(32).toString("base64")}`,
    DATABASE_URL: databaseUrl,
    APP_URL: origin,
    NEXT_PUBLIC_APP_URL: origin,
    PORT: port,
  };
  const file = await readFile(join(directory, ".env.example"), "utf8");
  // The secrets are in a comment, in the commands that create them.
  const names = [...file.matchAll(/^(?:#.*")?([A-Z_]+)=/gm)].map(([, name = ""]) => name);
  const missing = names.filter((name) => values[name] === undefined);
  if (names.length === 0 || missing.length > 0) throw new Error(`No value for ${missing.join()}`);
  return { env: Object.fromEntries(names.map((name) => [name, values[name]!])), port, origin };
}
