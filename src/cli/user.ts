import type { CalClient } from "../client.js";
import type { UserSummary } from "../users/user-summaries.js";
import { printProblems } from "./checks/finding.js";
import { textOption, UsageError, type Command } from "./command.js";
import { withEnvFile } from "./env-file.js";
import { showUserId } from "./show-user-id.js";
import { createTableClient } from "./table-client.js";
import { attentionOf, dateOf, userOptions, userUsage } from "./users.js";

/** `calbridge user`: shows what is known of one user. */
export const userCommand: Command = {
  usage: `calbridge user <user id> [options]

Shows what the token table knows of one user: the account at Cal.com, when the tokens were issued and when they
expire. Prints no token.

  --calendars            also asks Cal.com for the connected calendars. It may refresh the user's tokens
${userUsage} Exit code 1 if there is no such user, or if the row can't be read.`,

  argument: "user id",
  options: { calendars: { type: "boolean" }, ...userOptions },

  async run(values, given) {
    const userId = textOption(values, "user id");
    if (userId === undefined) throw new UsageError("Give the user's id.");
    const io = withEnvFile(given, textOption(values, "env-file"));
    const client = createTableClient(values, io, { env: io.env });
    const findings = await client.run(async (cal) => {
      const summary = await cal.forUser(userId).summary();
      if (!summary)
        return [{ level: "wrong", text: `The table has no row of the user ${showUserId(userId)}.` }];
      const calendars = values["calendars"] === true ? await calendarsOf(cal, userId) : undefined;
      if (values["json"] === true) io.out(JSON.stringify({ ...summary, calendars }, null, 2));
      else for (const line of linesOf(summary, calendars)) io.out(line);
      return [];
    });
    printProblems(findings, io);
    return findings.length > 0 ? 1 : 0;
  },
};

interface ConnectedAccount {
  integration: string;
  email: string | null;
  credentialId: number;
  calendars: number;
}

async function calendarsOf(cal: CalClient, userId: string): Promise<ConnectedAccount[]> {
  const { connectedCalendars } = await cal.forUser(userId).calendars.list();
  return connectedCalendars.map(({ integration, primary, credentialId, calendars }) => ({
    integration: integration.type,
    email: primary?.email ?? null,
    credentialId,
    calendars: calendars.length,
  }));
}

function linesOf(user: UserSummary, calendars: ConnectedAccount[] | undefined): string[] {
  const { calAccount } = user;
  const account =
    calAccount.grant === "managed"
      ? `managed user ${String(calAccount.calUserId)}`
      : `own account ${String(calAccount.calUserId)} (${calAccount.email ?? "address not known"})`;
  const scopes = calAccount.grant === "oauth" ? (calAccount.scopes?.join(", ") ?? "not known") : undefined;
  const rows: [string, string][] = [
    ["user", showUserId(user.userId)],
    ["hash", user.userHash],
    ["Cal.com", account],
    ...(scopes === undefined ? [] : ([["scopes", scopes]] as [string, string][])),
    ["tokens of", `${dateOf(user.tokensIssuedAt)}, rotation ${String(user.rotation)}`],
    ["access until", dateOf(user.accessTokenExpiresAt)],
    ["refresh until", dateOf(user.refreshTokenExpiresAt)],
    ["row", `written ${dateOf(user.createdAt)}, changed ${dateOf(user.updatedAt)}`],
    ["state", attentionOf(user) || "all is well, as far as the table knows"],
  ];
  const connected = calendars?.map(({ integration, email, credentialId, calendars }): [string, string] => [
    "calendar",
    `${integration} ${email ?? "?"}, credential ${String(credentialId)}, ${String(calendars)} calendars`,
  ]);
  const none: [string, string][] = calendars?.length === 0 ? [["calendar", "none connected"]] : [];
  return [...rows, ...(connected ?? []), ...none].map(([name, value]) => `${name.padEnd(14)}${value}`);
}
