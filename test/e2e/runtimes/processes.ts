import { spawn } from "node:child_process";

/** How a process went. */
export interface Outcome {
  lines: string[];
  stderr: string;
  exitCode: number | null;
  /** From its last line to its end. */
  lingeredMs: number;
}

// A process that does not end by itself is ended, and its exit code is null then.
const PATIENCE_MS = 45_000;

/** Runs a process to its end. */
export function runToEnd(command: string, args: string[], directory: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: directory,
      env: { HOME: directory, PATH: process.env["PATH"], NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const patience = setTimeout(() => child.kill("SIGKILL"), PATIENCE_MS);
    let stdout = "";
    let stderr = "";
    let spokeAt = Date.now();
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      spokeAt = Date.now();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(patience);
      const lines = stdout.split("\n").filter((line) => line !== "");
      resolve({ lines, stderr, exitCode, lingeredMs: Date.now() - spokeAt });
    });
  });
}
