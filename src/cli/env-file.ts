import { readFileSync } from "node:fs";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { UsageError, type CommandIo } from "./command.js";

/**
 * The environment with the variables of a file. As with `node --env-file`, variables that are set already stay as they
 * are.
 */
export function withEnvFile(io: CommandIo, file: string | undefined): CommandIo {
  if (file === undefined) return io;
  return { ...io, env: { ...parseEnv(read(resolve(io.cwd, file), file)), ...defined(io.env) } };
}

function read(path: string, file: string): string {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const { code } = error as { code?: unknown };
    throw new UsageError(`--env-file: ${file} can't be read (${String(code)}).`);
  }
}

function defined(env: CommandIo["env"]): Record<string, string> {
  return Object.fromEntries(
    Object.entries(env).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
