import { spawn } from "node:child_process";

/** The output and the end of a process. */
export interface Outcome {
  lines: string[];
  stderr: string;
  exitCode: number | null;
  /** Time from its last line to its end. */
  idleMs: number;
}

// A process that does not end by itself is killed. Its exit code is null then.
const KILL_AFTER_MS = 120_000;

/** Runs a process to its end. */
export function runToEnd(command: string, args: string[], directory: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd: directory,
      env: { HOME: directory, PATH: process.env["PATH"], NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      stdio: ["ignore", "pipe", "pipe"],
    });
    const killTimer = setTimeout(() => child.kill("SIGKILL"), KILL_AFTER_MS);
    let stdout = "";
    let stderr = "";
    let lastLineAt = Date.now();
    child.stdout.setEncoding("utf8").on("data", (text: string) => {
      stdout += text;
      lastLineAt = Date.now();
    });
    child.stderr.setEncoding("utf8").on("data", (text: string) => (stderr += text));
    child.once("error", reject);
    child.once("close", (exitCode) => {
      clearTimeout(killTimer);
      const lines = stdout.split("\n").filter((line) => line !== "");
      resolve({ lines, stderr, exitCode, idleMs: Date.now() - lastLineAt });
    });
  });
}
