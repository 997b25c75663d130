import { CalClient } from "../client.js";
import { isCalError, type CalErrorCode } from "../errors.js";
import { assertUserId } from "../lib/assert.js";
import { memoryTokenStore } from "../stores/memory.js";
import type { TokenStore } from "../tokens/token-store.js";
import { linkOnce } from "./authorize/link-once.js";
import { oauthOptions } from "./authorize/oauth-options.js";
import { checkAccount } from "./authorize/steps.js";
import { verify } from "./authorize/verify.js";
import { printFindings, wrong, type Finding } from "./checks/finding.js";
import { textOption, type Command, type CommandIo, type OptionValues } from "./command.js";
import { oauthClientOf } from "./oauth-client.js";
import { withEnvFile } from "./env-file.js";
import { tableOptions, tableUsage } from "./table-options.js";
import { tablesOf, tokenStoreOf } from "./tables-of.js";

/** `calbridge authorize`: links one person's Cal.com account, and can say what works with this OAuth client and server. */
export const authorizeCommand: Command = {
  usage: `calbridge authorize [options]

Links your own Cal.com account through an OAuth 2 client, as a user of the application would. With --verify, and
without --user, it then tries what calbridge rests on: the exchange, the scopes, the calls, a refresh, and what becomes
of the used tokens; and says where the server differs from what calbridge expects. Connects and changes no calendar,
prints no token, and stores nothing without --user.

A refresh ends every other link of the same person and client: don't use an account that is linked in production.

  --verify               tries the client and the server; always done without --user
  --port <number>        waits for Cal.com at http://localhost:PORT/callback, which must be one of the client's
                         redirect URIs; default: 8765
  --redirect-uri <uri>   another one of the client's redirect URIs. If it is not of this machine, paste is needed
  --paste                doesn't wait at the redirect URI: asks for the URL at which the browser ends up
  --scopes <list>        such as APPS_READ,APPS_WRITE; default: CAL_OAUTH_SCOPES, or what calbridge needs. With
                         --scopes= none are sent, for older servers
  --user <id>            stores the link in the token table, as this user of the application
  --server-id <id>       with --user: the client's option serverId; default: none
  --env-file <file>      reads variables from a file, such as .env; those that are set already win
${tableUsage}

It reads CAL_OAUTH_CLIENT_ID, CAL_OAUTH_CLIENT_SECRET, CAL_OAUTH_SCOPES, CAL_AUTHORIZE_URL and CAL_API_URL, and with
--user DATABASE_URL and CAL_TOKEN_ENCRYPTION_KEYS. Exit code 1 if something does not work.`,

  options: {
    verify: { type: "boolean" },
    port: { type: "string" },
    "redirect-uri": { type: "string" },
    paste: { type: "boolean" },
    scopes: { type: "string" },
    user: { type: "string" },
    "server-id": { type: "string" },
    ...tableOptions,
    "env-file": { type: "string" },
  },

  async run(values, given) {
    const io = withEnvFile(given, textOption(values, "env-file"));
    const userId = textOption(values, "user");
    if (userId === undefined) return printFindings(await authorize(values, io, memoryTokenStore()), io);
    assertUserId(userId);
    const tables = tablesOf(values, io);
    const tokenStore = tokenStoreOf(tables, io);
    const findings = await tables.run(() => authorize(values, io, tokenStore));
    return printFindings(findings, io);
  },
};

async function authorize(values: OptionValues, io: CommandIo, tokenStore: TokenStore): Promise<Finding[]> {
  const options = oauthOptions(values, io);
  const cal = new CalClient({
    oauth: options.oauth,
    baseUrl: options.baseUrl,
    serverId: textOption(values, "server-id"),
    tokenStore,
    // Each step reads what the one before has left.
    cache: false,
    fetch: io.fetch,
    now: io.now,
    // The application's own client says whether it allows it; doctor notes it.
    allowInsecure: true,
  });
  const userId = textOption(values, "user") ?? "calbridge-authorize";
  try {
    const linked = await linkOnce(cal, userId, { ...options, io });
    if ("finding" in linked) return [linked.finding];
    const given = {
      io,
      cal,
      user: linked.user,
      store: tokenStore,
      ...options,
      client: oauthClientOf(options.oauth),
    };
    const isVerified = values["verify"] === true || values["user"] === undefined;
    return isVerified ? await verify(given) : (await checkAccount(given)).findings;
  } catch (error) {
    if (!isCalError(error)) throw error;
    return [wrong(`Nothing was linked: ${error.message}`, adviceFor(error.code))];
  } finally {
    await cal.close();
  }
}

function adviceFor(code: CalErrorCode): string {
  switch (code) {
    case "code_rejected":
      return "The exchange is refused: compare CAL_OAUTH_CLIENT_ID and the redirect URI with the client's page at Cal.com.";
    case "client_rejected":
      return "Compare CAL_OAUTH_CLIENT_ID and CAL_OAUTH_CLIENT_SECRET with the client's page at Cal.com, and look at its status.";
    case "team_account_not_supported":
      return "Choose yourself on Cal.com's page.";
    case "different_cal_account":
    case "cal_account_in_use":
      return "Link it in the application, which asks before it replaces a link; or use another --user.";
    case "network_error":
    case "timeout":
      return "Can this machine reach CAL_API_URL (DNS, proxy, firewall)?";
    default:
      return "Run the command again.";
  }
}
