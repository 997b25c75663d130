import { parseArgs } from "node:util";
import { CalValidationError } from "../errors.js";
import { UsageError, type Command, type CommandIo, type OptionValues } from "./command.js";

/** All commands. Each is imported when it is called. */
const commands: Readonly<Record<string, () => Promise<Command>>> = {
  schema: async () => (await import("./schema.js")).schemaCommand,
  doctor: async () => (await import("./doctor.js")).doctorCommand,
  authorize: async () => (await import("./authorize.js")).authorizeCommand,
  claim: async () => (await import("./claim.js")).claimCommand,
  check: async () => (await import("./check.js")).checkCommand,
  users: async () => (await import("./users.js")).usersCommand,
  user: async () => (await import("./user.js")).userCommand,
  emulator: async () => (await import("./emulator.js")).emulatorCommand,
};

const help = `calbridge <command>

  schema     print the token table, and the migration to it
  doctor     diagnose the environment, the connection to Cal.com and the token table
  authorize  link a Cal.com account by OAuth 2, and say what works with the client and the server
  claim      give the managed users of a table from another integration their owner
  check      check users' calendar connections, and print those that don't work
  users      list the users of the token table, for support
  user       show what is known of one user
  emulator   run an emulated Cal.com for development

  calbridge <command> --help   print the help of a command
  calbridge --version          print the version`;

/** Runs the command line and returns the exit code. `args` don't include the program's name. */
export async function main(args: readonly string[], io: CommandIo): Promise<number> {
  const [name = "--help", ...rest] = args;
  if (["help", "--help", "-h"].includes(name)) {
    io.out(help);
    return args.length === 0 ? 2 : 0;
  }
  if (["--version", "-v"].includes(name)) {
    io.out(io.version);
    return 0;
  }
  const load = Object.hasOwn(commands, name) ? commands[name] : undefined;
  if (!load) {
    io.err(`calbridge: there is no command "${name}".\n\n${help}`);
    return 2;
  }
  return run(await load(), rest, io);
}

async function run(command: Command, args: readonly string[], io: CommandIo): Promise<number> {
  try {
    const values = parse(command, args);
    if (values["help"] === true) {
      io.out(command.usage);
      return 0;
    }
    return await command.run(values, io);
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof CalValidationError)) throw error;
    io.err(`calbridge: ${error.message}\n\n${command.usage}`);
    return 2;
  }
}

function parse({ options: own, argument }: Command, args: readonly string[]): OptionValues {
  const options = { ...own, help: { type: "boolean", short: "h" } } as const;
  try {
    const { values, positionals } = parseArgs({
      args: [...args],
      options,
      allowPositionals: argument !== undefined,
    });
    if (positionals.length > 1) throw new UsageError("There is one argument that is no option, at most.");
    return { ...(values as OptionValues), ...(argument !== undefined && { [argument]: positionals[0] }) };
  } catch (error) {
    // For an unknown option or a missing value, parseArgs throws a TypeError whose message names the option.
    if (error instanceof TypeError) throw new UsageError(error.message);
    throw error;
  }
}
