import type { CalClient } from "../client.js";
import { isCalError } from "../errors.js";
import type { ClaimProgress } from "../users/claim-users.js";
import { printProblems } from "./checks/finding.js";
import {
  stopSignal,
  textOption,
  UsageError,
  type Command,
  type CommandIo,
  type OptionValues,
} from "./command.js";
import { withEnvFile } from "./env-file.js";
import { showUserId } from "./show-user-id.js";
import { createTableClient } from "./table-client.js";
import { tableOptions, tableUsage } from "./table-options.js";

const PROGRESS_EVERY = 100;
const MAX_PER_MINUTE = 200;

/** `calbridge claim`: gives the managed users of the token table the hash of their owner. */
export const claimCommand: Command = {
  usage: `calbridge claim [options]

For a token table that another integration has filled: writes a hash of the application's user id into the
metadata of each managed user at Cal.com, so that a person who gets the same e-mail address later can't get the
managed user. Run it once, after the migration of the table. Can be stopped, continued and run again while the
application runs: users that were claimed cost no request.

  --after <user id>          continue after this user, as the last progress line says
  --max-per-minute <number>  the most users a minute; default 120, at most ${String(MAX_PER_MINUTE)}: each takes up to two
                             requests, and Cal.com allows a client 500 a minute
  --server-id <id>           the client's option serverId; default: none
  --env-file <file>          reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL, CAL_TOKEN_ENCRYPTION_KEYS and DATABASE_URL. Exit code 1 if
it was stopped, or if some users could not be claimed: each of them is named with the reason.`,

  options: {
    after: { type: "string" },
    "max-per-minute": { type: "string" },
    "server-id": { type: "string" },
    ...tableOptions,
    "env-file": { type: "string" },
  },

  async run(values, given) {
    const io = withEnvFile(given, textOption(values, "env-file"));
    const maxPerMinute = maxPerMinuteOf(values);
    // Managed users only, also for an application that has both grants.
    const { CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL } = io.env;
    const env = { CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL };
    const client = createTableClient(values, io, { env });
    let result: ClaimProgress | undefined;
    const findings = await client.run(async (cal) => {
      result = await claim(cal, { after: textOption(values, "after"), maxPerMinute }, io);
      return [];
    });
    printProblems(findings, io);
    if (!result || findings.length > 0) return 1;
    io.out(summaryOf(result));
    return result.done && result.failed === 0 && result.inUse === 0 ? 0 : 1;
  },
};

function maxPerMinuteOf(values: OptionValues): number | undefined {
  const text = textOption(values, "max-per-minute");
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1 && value <= MAX_PER_MINUTE) return value;
  throw new UsageError(`--max-per-minute must be a whole number from 1 to ${String(MAX_PER_MINUTE)}.`);
}

async function claim(
  cal: CalClient,
  options: { after: string | undefined; maxPerMinute: number | undefined },
  io: CommandIo,
): Promise<ClaimProgress> {
  return cal.claimUsers({
    ...options,
    signal: stopSignal(io),
    onProgress: (progress) => {
      if (progress.checked % PROGRESS_EVERY === 0) io.out(progressOf(progress));
    },
    onFailure: (userId, reason, error) => {
      const detail = isCalError(error) ? `: ${error.message}` : "";
      io.err(`${reasons[reason].padEnd(8)} ${showUserId(userId)}${detail}`);
    },
  });
}

const reasons = { in_use: "in use", gone: "gone", failed: "failed" } as const;

function progressOf({ checked, claimed, after }: ClaimProgress): string {
  return `${String(checked)} users looked at, ${String(claimed)} claimed; to continue here: --after ${showUserId(after ?? "")}`;
}

function summaryOf(progress: ClaimProgress): string {
  const { checked, claimed, inUse, gone, failed, done } = progress;
  const counts = `${String(checked)} users looked at: ${String(claimed)} claimed, ${String(inUse)} in use by another user, ${String(gone)} gone at Cal.com, ${String(failed)} failed.`;
  const help = [
    !done && `Stopped. ${progressOf(progress)}`,
    inUse > 0 &&
      "In use: the managed user was created for another user of the application. The same person with a new id: cal.reassignUser(from, to).",
    gone > 0 && "Gone: Cal.com no longer has the managed user. Call delete() of the user, then ensureUser().",
    failed > 0 && "Failed: run it again.",
    done && failed === 0 && inUse === 0 && "All managed users have an owner: adoptUnowned can be turned off.",
  ].filter((line) => line !== false);
  return [counts, ...help].join("\n");
}
