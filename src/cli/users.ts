import type { UnreadableUser, UserSummary } from "../users/user-summaries.js";
import { printProblems } from "./checks/finding.js";
import { textOption, type Command } from "./command.js";
import { withEnvFile } from "./env-file.js";
import { showUserId } from "./show-user-id.js";
import { createTableClient } from "./table-client.js";
import { tableOptions, tableUsage } from "./table-options.js";

/** The options that `users` and `user` share. */
export const userOptions: Command["options"] = {
  json: { type: "boolean" },
  "server-id": { type: "string" },
  ...tableOptions,
  "env-file": { type: "string" },
};

/** Their part of the help. */
export const userUsage = `  --json                 print JSON: for \`users\` one object a line
  --server-id <id>       the client's option serverId; default: none
  --env-file <file>      reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_OAUTH_CLIENT_ID, CAL_API_URL, CAL_TOKEN_ENCRYPTION_KEYS and
DATABASE_URL: Postgres, or a SQLite file such as file:calendar.db.`;

/** `calbridge users`: lists the users of the token table. */
export const usersCommand: Command = {
  usage: `calbridge users [options]

Lists the users of the token table: their account at Cal.com, when their tokens were issued and when they expire.
Prints no token, asks Cal.com nothing and changes nothing.

  --after <user id>      only the users after this one, in the order of the table
  --problems             only users who need attention: their row can't be read, or they have to link again
${userUsage} Exit code 1 if a row can't be read.`,

  options: { after: { type: "string" }, problems: { type: "boolean" }, ...userOptions },

  async run(values, given) {
    const io = withEnvFile(given, textOption(values, "env-file"));
    const client = createTableClient(values, io, { env: io.env });
    let count = 0;
    let unreadable = 0;
    const findings = await client.run(async (cal) => {
      for await (const user of cal.users({ after: textOption(values, "after") })) {
        count += 1;
        if (user.problem) unreadable += 1;
        if (values["problems"] === true && attentionOf(user) === "") continue;
        io.out(values["json"] === true ? JSON.stringify(user) : lineOf(user));
      }
      return [];
    });
    printProblems(findings, io);
    if (findings.length > 0) return 1;
    if (values["json"] !== true) io.out(`${String(count)} ${count === 1 ? "user" : "users"}.`);
    return unreadable > 0 ? 1 : 0;
  },
};

/** One user on one line. */
function lineOf(user: UserSummary | UnreadableUser): string {
  if (user.problem) return `${showUserId(user.userId)}  unreadable: ${user.problem.message}`;
  const { grant, calUserId } = user.calAccount;
  const parts = [
    showUserId(user.userId),
    `${grant === "managed" ? "managed user" : "own account"} ${String(calUserId)}`,
    `tokens of ${dateOf(user.tokensIssuedAt)}`,
    `access until ${dateOf(user.accessTokenExpiresAt)}`,
    `refresh until ${dateOf(user.refreshTokenExpiresAt)}`,
    attentionOf(user),
  ];
  return parts.filter((part) => part !== "").join("  ");
}

/** What needs attention; "" if nothing does. */
export function attentionOf(user: UserSummary | UnreadableUser): string {
  if (user.problem) return user.problem.message;
  const { calAccount } = user;
  if (calAccount.grant === "managed" || !calAccount.reauthorization) return "";
  const { reason, since } = calAccount.reauthorization;
  return `has to link again (${reason}, since ${dateOf(since)})`;
}

/** An instant in UTC, to the minute. */
export function dateOf(date: Date | null): string {
  return date ? `${date.toISOString().slice(0, 16)}Z` : "?";
}
