import { readFile } from "node:fs/promises";
import { resolve } from "node:path";
import { parseEnv } from "node:util";
import { UsageError, type CommandIo } from "./command.js";

/**
 * The command's environment with the variables of a file. As with `node --env-file`, a variable of the environment goes
 * before one of the file.
 */
export async function withEnvFile(path: string | undefined, io: CommandIo): Promise<CommandIo> {
  if (path === undefined) return io;
  let text: string;
  try {
    text = await readFile(resolve(io.cwd, path), "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? "unknown error";
    throw new UsageError(`The file of --env-file can't be read (${code}).`);
  }
  return { ...io, env: { ...parseEnv(text), ...io.env } };
}
