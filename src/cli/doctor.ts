import { checkCal } from "./checks/cal.js";
import { withDatabase } from "./checks/database.js";
import { checkEncrypted, checkUnencrypted, nothingEncrypted } from "./checks/encryption.js";
import { printFindings, type Finding } from "./checks/finding.js";
import { checkHandlers } from "./checks/handlers.js";
import { checkKeys } from "./checks/keys.js";
import { checkTables } from "./checks/table.js";
import { textOption, type Command, type CommandIo, type OptionValues } from "./command.js";
import { withEnvFile } from "./env-file.js";
import { tableOptions, tableOptionsOf, tableUsage } from "./table-options.js";

/** `calbridge doctor`: says what is wrong with the environment, and what to do. */
export const doctorCommand: Command = {
  usage: `calbridge doctor [options]

Checks what an application needs: the OAuth client at Cal.com, the clock, the handlers' secret and
address, the tables and the encryption keys. Changes nothing, prints no secret. Exit code 1 if
something is wrong.

  --env-file <file>     reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL, CAL_STATE_SECRET, NEXT_PUBLIC_APP_URL, APP_URL,
CAL_TOKEN_ENCRYPTION_KEYS and DATABASE_URL.`,

  options: { ...tableOptions, "env-file": { type: "string" } },

  async run(values, io) {
    return printFindings(await examine(values, withEnvFile(io, textOption(values, "env-file"))), io);
  },
};

async function examine(values: OptionValues, io: CommandIo): Promise<Finding[]> {
  const table = tableOptionsOf(values);
  const { keys, findings } = checkKeys(io);
  let stored: Finding[] = keys === "none" ? [nothingEncrypted] : [];
  const database = await withDatabase(io, async (connected) => {
    const found = await checkTables(connected, table);
    if (!found.some(({ level }) => level === "ok") || keys === "unreadable") return found;
    stored = await (keys === "none"
      ? checkUnencrypted(connected, table)
      : checkEncrypted(connected, table, keys));
    return found;
  });
  return [...(await checkCal(io)), ...checkHandlers(io), ...findings, ...database, ...stored];
}
