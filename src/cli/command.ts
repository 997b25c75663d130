import type { ParseArgsConfig } from "node:util";

/** What a command uses of its environment. Tests pass their own. */
export interface CommandIo {
  /** The package's version. */
  version: string;
  /** Writes a line to the standard output. */
  out: (line: string) => void;
  /** Writes a line to the standard error. */
  err: (line: string) => void;
  /** Writes over the last line of the terminal; absent where the output is none. */
  progress?: ((line: string) => void) | undefined;
  env: Readonly<Record<string, string | undefined>>;
  /** The application's folder, from which its packages are imported. */
  cwd: string;
  fetch: typeof fetch;
  /** The clock, in milliseconds since 1970. */
  now: () => number;
  /** Asks the user for a line of text. */
  ask: (question: string) => Promise<string>;
  /** Resolves when the user stops the command. */
  untilStopped: () => Promise<void>;
}

/** The values of a command's options. */
export type OptionValues = Readonly<Record<string, string | boolean | undefined>>;

/** One command of the command line. */
export interface Command {
  /** The text of its --help: how to call it, and its options. */
  usage: string;
  options: NonNullable<ParseArgsConfig["options"]>;
  /** The name of its one argument that is no option. It is among the values. */
  argument?: string;
  /**
   * Runs the command and returns the exit code.
   * @throws {@link UsageError} if it was called with wrong options.
   */
  run(values: OptionValues, io: CommandIo): number | Promise<number>;
}

/** The command was called with wrong options. The message and the usage are printed; the exit code is 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

/** The value of a text option, or `undefined` if it was not given. */
export function textOption(values: OptionValues, name: string): string | undefined {
  const value = values[name];
  return typeof value === "string" ? value : undefined;
}

/** Aborted when the user stops the command. */
export function stopSignal(io: CommandIo): AbortSignal {
  const stop = new AbortController();
  void io.untilStopped().then(() => stop.abort());
  return stop.signal;
}
