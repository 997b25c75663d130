import type { CommandIo } from "../../src/cli/command.js";
import { main } from "../../src/cli/index.js";

/** What a command printed, and its exit code. */
export interface CommandResult {
  code: number;
  out: string;
  err: string;
}

/** Runs the command line in this process. */
export async function runCommand(
  args: readonly string[],
  io: Partial<CommandIo> = {},
): Promise<CommandResult> {
  const out: string[] = [];
  const err: string[] = [];
  const code = await main(args, {
    version: "1.2.3",
    out: (line) => void out.push(line),
    err: (line) => void err.push(line),
    env: {},
    cwd: process.cwd(),
    fetch: () => Promise.reject(new Error("no request was expected")),
    now: Date.now,
    ask: () => Promise.reject(new Error("no question was expected")),
    untilStopped: () => Promise.resolve(),
    ...io,
  });
  return { code, out: out.join("\n"), err: err.join("\n") };
}
