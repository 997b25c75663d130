import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "../../support/pack.js";
import { requestService } from "../../support/postgres.js";

const run = promisify(execFile);

// The files of `npx create-next-app`, without its fonts, which are loaded from Google.
const startingPoint: Record<string, string> = {
  "package.json": JSON.stringify({ name: "my-app", private: true, scripts: { dev: "next dev" } }),
  "app/globals.css": "body { background: canvas; }\n",
  "app/layout.tsx": `import "./globals.css";

export default function RootLayout({ children }: { children: React.ReactNode }) {
  return (
    <html lang="en">
      <body>{children}</body>
    </html>
  );
}
`,
  "tsconfig.json": JSON.stringify({
    compilerOptions: {
      strict: true,
      module: "esnext",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      paths: { "@/*": ["./*"] },
    },
    include: ["**/*.ts", "**/*.tsx"],
  }),
  "next.config.mjs": "export default { turbopack: { root: import.meta.dirname } };\n",
};

/** A new application in a folder of its own, for a test that follows a page of the documentation. */
export interface NewApplication {
  write(path: string, text: string): Promise<void>;
  /** Runs shell commands and returns their output. */
  shell(commands: string): Promise<string>;
  /** Starts a command that keeps running, and waits until it has printed this text. */
  start(command: string, until: string): Promise<{ stop(): Promise<void> }>;
  /** Stops all commands and removes the folder. */
  remove(): Promise<void>;
}

/** Creates a new application, with the packed package and the other packages that the page installs. */
export async function createNewApplication(packages: string[]): Promise<NewApplication> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-application-"));
  const running = new Set<ChildProcess>();
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "development" };
  const stop = async (child: ChildProcess): Promise<void> => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    // npm starts other processes: stop the whole group.
    process.kill(-child.pid!, "SIGINT");
    await ended;
    running.delete(child);
  };
  const application: NewApplication = {
    async write(path, text) {
      await mkdir(dirname(join(directory, path)), { recursive: true });
      await writeFile(join(directory, path), text);
    },
    async shell(commands) {
      const { stdout } = await run("bash", ["-euo", "pipefail", "-c", commands], { cwd: directory, env });
      return stdout;
    },
    async start(command, until) {
      const child = spawn("bash", ["-c", command], { cwd: directory, env, detached: true });
      running.add(child);
      let output = "";
      await new Promise<void>((resolve, reject) => {
        const read = (chunk: Buffer): void => {
          output += chunk.toString();
          if (output.includes(until)) resolve();
        };
        child.stdout.on("data", read);
        child.stderr.on("data", read);
        child.once("close", () => reject(new Error(`"${command}" ended: ${output}`)));
      });
      return { stop: () => stop(child) };
    },
    async remove() {
      for (const child of running) await stop(child);
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  for (const [path, text] of Object.entries(startingPoint)) await application.write(path, text);
  const { tarball } = JSON.parse(await requestService("package")) as PackedPackage;
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball, ...packages];
  await run("npm", install, { cwd: directory });
  return application;
}
