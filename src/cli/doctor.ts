import { checkCal } from "./checks/cal.js";
import { compareClocks } from "./checks/clock.js";
import { checkEncrypted, checkUnencrypted, nothingEncrypted } from "./checks/encryption.js";
import { printFindings, type Finding } from "./checks/finding.js";
import { checkHandlers } from "./checks/handlers.js";
import { checkKeys } from "./checks/keys.js";
import { checkLinks } from "./checks/links.js";
import { checkOAuth, hasOAuthClient } from "./checks/oauth.js";
import { textOption, type Command, type CommandIo, type OptionValues } from "./command.js";
import { withEnvFile } from "./env-file.js";
import { tableOptions, tableUsage } from "./table-options.js";
import { tablesOf } from "./tables-of.js";

/** `calbridge doctor`: says what is wrong with the environment, and what to do. */
export const doctorCommand: Command = {
  usage: `calbridge doctor [options]

Checks what an application needs: the platform client or the OAuth client at Cal.com, the clock, the
handlers' secret and address, the tables, the encryption keys and the stored links. Changes nothing,
prints no secret. Exit code 1 if something is wrong.

  --env-file <file>     reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_OAUTH_CLIENT_ID, CAL_OAUTH_CLIENT_SECRET,
CAL_OAUTH_REDIRECT_URI, CAL_OAUTH_SCOPES, CAL_AUTHORIZE_URL, CAL_NEW_USERS, CAL_API_URL, CAL_STATE_SECRET,
NEXT_PUBLIC_APP_URL, APP_URL, CAL_TOKEN_ENCRYPTION_KEYS and DATABASE_URL.`,

  options: { ...tableOptions, "env-file": { type: "string" } },

  async run(values, io) {
    return printFindings(await examine(values, withEnvFile(io, textOption(values, "env-file"))), io);
  },
};

async function examine(values: OptionValues, given: CommandIo): Promise<Finding[]> {
  const clocks = compareClocks(given);
  const io = { ...given, fetch: clocks.fetch };
  const tables = tablesOf(values, io);
  const { keys, findings } = checkKeys(io);
  let stored: Finding[] = keys === "none" ? [nothingEncrypted] : [];
  const database = await tables.run(async () => {
    const found = await tables.check();
    if (!found.some(({ level }) => level === "ok") || keys === "unreadable") return found;
    stored = [
      ...(await (keys === "none" ? checkUnencrypted(tables.rows) : checkEncrypted(tables.rows, keys))),
      ...(await checkLinks(io, tables.rows, keys)),
    ];
    return found;
  });
  return [
    // Without either client, the missing platform client is reported.
    ...(hasPlatformClient(io) || !hasOAuthClient(io) ? await checkCal(io) : []),
    ...(await checkOAuth(io)),
    ...clocks.findings(),
    ...checkHandlers(io),
    ...findings,
    ...database,
    ...stored,
  ];
}

function hasPlatformClient({ env }: CommandIo): boolean {
  return ["CAL_CLIENT_ID", "CAL_CLIENT_SECRET"].some((name) => env[name]?.trim());
}
