import { execFile, spawn, type ChildProcess } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { promisify } from "node:util";
import type { PackedPackage } from "../../support/pack.js";
import { askFor } from "../../support/postgres.js";

const run = promisify(execFile);

// What `npx create-next-app` leaves behind, its fonts aside: those come from Google.
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

/** Somebody who follows a page of the documentation, in a folder of their own. */
export interface Newcomer {
  write(path: string, text: string): Promise<void>;
  /** Runs shell commands to their end; answers what they printed. */
  shell(commands: string): Promise<string>;
  /** Starts a command that goes on, and waits until it has printed this. */
  start(command: string, until: string): Promise<{ stop(): Promise<void> }>;
  /** Ends what is running, and removes the folder. */
  leave(): Promise<void>;
}

/** A new application, with the packed package and what else the page installs. */
export async function createNewcomer(packages: string[]): Promise<Newcomer> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-newcomer-"));
  const running = new Set<ChildProcess>();
  const env = { ...process.env, NEXT_TELEMETRY_DISABLED: "1", NODE_ENV: "development" };
  const stop = async (child: ChildProcess): Promise<void> => {
    const ended = new Promise((resolve) => child.once("close", resolve));
    // npm starts others: end them all.
    process.kill(-child.pid!, "SIGINT");
    await ended;
    running.delete(child);
  };
  const newcomer: Newcomer = {
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
        const hear = (chunk: Buffer): void => {
          output += chunk.toString();
          if (output.includes(until)) resolve();
        };
        child.stdout.on("data", hear);
        child.stderr.on("data", hear);
        child.once("close", () => reject(new Error(`"${command}" ended: ${output}`)));
      });
      return { stop: () => stop(child) };
    },
    async leave() {
      for (const child of running) await stop(child);
      await rm(directory, { recursive: true, force: true, maxRetries: 3 });
    },
  };
  for (const [path, text] of Object.entries(startingPoint)) await newcomer.write(path, text);
  const { tarball } = JSON.parse(await askFor("package")) as PackedPackage;
  const install = ["install", "--prefer-offline", "--no-audit", "--no-fund", tarball, ...packages];
  await run("npm", install, { cwd: directory });
  return newcomer;
}
