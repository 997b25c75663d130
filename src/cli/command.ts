import type { ParseArgsConfig } from "node:util";

/** What a command has of the world around it, so that tests can give it another one. */
export interface CommandIo {
  /** The package's. */
  version: string;
  /** Writes a line of what was asked for. */
  out: (line: string) => void;
  /** Writes a line about what went wrong. */
  err: (line: string) => void;
  env: Readonly<Record<string, string | undefined>>;
  /** The application's folder: where its packages are found. */
  cwd: string;
  fetch: typeof fetch;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** Resolves when the user ends the command. */
  untilStopped: () => Promise<void>;
}

/** The values that were given for a command's options. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** One command of the several. */
export interface Command {
  /** Its part of the help: how it is called, and its options. */
  usage: string;
  options: NonNullable<ParseArgsConfig["options"]>;
  /** Does it; answers the exit code. A {@link UsageError} says that it was called wrongly. */
  run(values: OptionValues, io: CommandIo): number | Promise<number>;
}

/** The command was called wrongly: the message and the usage are printed, and the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The text that was given for an option, if it was. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}
