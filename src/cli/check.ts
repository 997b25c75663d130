import type { CalClient } from "../client.js";
import type { ConnectionCheck, ConnectionChecksResult } from "../connections/types.js";
import { isCalError } from "../errors.js";
import { printProblems } from "./checks/finding.js";
import { connectionTable } from "./connection-table.js";
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

/** `calbridge check`: checks users' connections. */
export const checkCommand: Command = {
  usage: `calbridge check --due | --user <id> | --enroll [options]

Checks users' calendar connections, and prints those that don't work. What has changed is remembered for the
application: this command calls no hook. The application's next check calls onConnectionChange.

  --due                      all users who are due
  --user <id>                one user, due or not
  --enroll                   adds the users of the token table, to be checked within a day
  --limit <number>           the most users, with a progress bar; default: all who are due, with a count, as how many
                             those are is not known before
  --concurrency <number>     users at once; default 5
  --max-per-minute <number>  the most users a minute; default 120
  --restore                  restores calendars in users' own Cal.com accounts (OAuth 2) as well
  --connection-table <name>  the table of connections; default: CalendarConnectionState
  --server-id <id>           the client's option serverId; default: none
  --env-file <file>          reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_OAUTH_CLIENT_ID, CAL_OAUTH_CLIENT_SECRET, CAL_AUTHORIZE_URL,
CAL_API_URL, CAL_TOKEN_ENCRYPTION_KEYS and DATABASE_URL. \`calbridge schema --connections\` prints the table. Exit code 1
if it was stopped, or if users could not be checked.`,

  options: {
    due: { type: "boolean" },
    user: { type: "string" },
    enroll: { type: "boolean" },
    limit: { type: "string" },
    concurrency: { type: "string" },
    "max-per-minute": { type: "string" },
    restore: { type: "boolean" },
    "connection-table": { type: "string" },
    "server-id": { type: "string" },
    ...tableOptions,
    "env-file": { type: "string" },
  },

  async run(values, given) {
    const io = withEnvFile(given, textOption(values, "env-file"));
    const work = workOf(values);
    const limits = limitsOf(values);
    if (!io.env["DATABASE_URL"]?.trim()) {
      throw new UsageError("DATABASE_URL is not set: the tokens and the connections are read from there.");
    }
    const client = createTableClient(values, io, { env: environmentOf(io), connections: true });
    let code = 1;
    const findings = await client.run(async (cal) => {
      try {
        code = await work(cal, { values, limits, io });
        return [];
      } finally {
        await cal.close();
      }
    });
    printProblems(findings, io);
    return findings.length > 0 ? 1 : code;
  },
};

/** What a command was called with. */
interface Call {
  values: OptionValues;
  limits: Limits;
  io: CommandIo;
}

type Limits = Record<"limit" | "concurrency" | "maxPerMinute", number | undefined>;
type Work = (cal: CalClient, call: Call) => Promise<number>;

function limitsOf(values: OptionValues): Limits {
  return {
    limit: numberOf(values, "limit"),
    concurrency: numberOf(values, "concurrency"),
    maxPerMinute: numberOf(values, "max-per-minute"),
  };
}

function workOf(values: OptionValues): Work {
  const asked = ["due", "user", "enroll"].filter((name) => values[name] !== undefined);
  if (asked.length !== 1) throw new UsageError("Give one of --due, --user <id> and --enroll.");
  if (values["due"] === true) return checkDue;
  return values["enroll"] === true ? enroll : checkUser;
}

async function checkUser(cal: CalClient, { values, io }: Call): Promise<number> {
  const restore = values["restore"] === true ? true : undefined;
  const check = await cal.checkConnection(textOption(values, "user") ?? "", { restore });
  io.out(connectionTable([check], { now: io.now(), all: true }));
  const isWell = [check.calAccount, ...check.connections].every(({ status }) => status === "connected");
  return isWell ? 0 : 1;
}

async function checkDue(cal: CalClient, { values, limits, io }: Call): Promise<number> {
  const progress = progressLine(io, limits.limit);
  const broken: ConnectionCheck[] = [];
  const result = await cal.checkConnections({
    ...limits,
    restore: values["restore"] === true ? true : undefined,
    signal: stopSignal(io),
    onProgress: progress.show,
    onCheck: (check) => {
      if ([check.calAccount, ...check.connections].some(({ status }) => status !== "connected"))
        broken.push(check);
    },
    onFailure: (userId, error) =>
      io.err(`failed   ${showUserId(userId)}${isCalError(error) ? `: ${error.message}` : ""}`),
  });
  progress.clear();
  if (broken.length > 0) io.out(connectionTable(broken, { now: io.now(), all: false }));
  io.out(summaryOf(result));
  return result.failed === 0 && (result.done || limits.limit !== undefined) ? 0 : 1;
}

async function enroll(cal: CalClient, { io }: Call): Promise<number> {
  const { checked, enrolled, done } = await cal.enrollConnections({
    signal: stopSignal(io),
    onProgress: (progress) => {
      if (progress.checked % PROGRESS_EVERY === 0) io.out(`${String(progress.checked)} users looked at`);
    },
  });
  io.out(
    `${String(checked)} users looked at, ${String(enrolled)} added.${done ? "" : " Stopped: run it again."}`,
  );
  return done ? 0 : 1;
}

/** A line that is written over where the output is a terminal; elsewhere a line now and then. */
function progressLine(io: CommandIo, limit: number | undefined) {
  return {
    show: (result: ConnectionChecksResult): void => {
      const line = progressOf(result, limit);
      if (io.progress) io.progress(line);
      else if ((result.checked + result.failed) % PROGRESS_EVERY === 0) io.out(line);
    },
    clear: (): void => io.progress?.(""),
  };
}

const BAR_WIDTH = 20;

function progressOf(result: ConnectionChecksResult, limit: number | undefined): string {
  const count = result.checked + result.failed;
  const counts = `${String(count)} users, ${countsOf(result)}`;
  if (limit === undefined) return counts;
  const full = Math.round((BAR_WIDTH * Math.min(count, limit)) / limit);
  return `[${"#".repeat(full)}${"-".repeat(BAR_WIDTH - full)}] ${counts}`;
}

function countsOf({ changed, failed, unavailable }: ConnectionChecksResult): string {
  const names = Object.entries(unavailable).map(([name, count]) => `${name} ${String(count)}`);
  const unreadable = names.length > 0 ? `, can't be read: ${names.join(", ")}` : "";
  return `${String(changed)} changes, ${String(failed)} failed${unreadable}`;
}

function summaryOf(result: ConnectionChecksResult): string {
  const rest = result.done ? "No other user is due." : "Others are due: run it again.";
  return `${String(result.checked)} users checked, ${countsOf(result)}. ${rest}`;
}

function numberOf(values: OptionValues, name: string): number | undefined {
  const text = textOption(values, name);
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value >= 1) return value;
  throw new UsageError(`--${name} must be a whole number of 1 or more.`);
}

function environmentOf({ env }: CommandIo): Record<string, string | undefined> {
  const { CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_OAUTH_CLIENT_ID, CAL_OAUTH_CLIENT_SECRET } = env;
  const { CAL_AUTHORIZE_URL, CAL_API_URL } = env;
  return {
    CAL_CLIENT_ID,
    CAL_CLIENT_SECRET,
    CAL_OAUTH_CLIENT_ID,
    CAL_OAUTH_CLIENT_SECRET,
    CAL_AUTHORIZE_URL,
    CAL_API_URL,
  };
}
