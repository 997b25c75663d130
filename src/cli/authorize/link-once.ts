import { randomBytes } from "node:crypto";
import type { CalClient } from "../../client.js";
import type { CalUser } from "../../users/cal-user.js";
import { wrong, type Finding } from "../checks/finding.js";
import { UsageError, type CommandIo } from "../command.js";
import type { AuthorizeOptions } from "./oauth-options.js";
import { listenForCode, readRedirect, type Authorization } from "./receive-code.js";

/** Sends the user to Cal.com's authorize page, and links the account that comes back. */
export async function linkOnce(
  cal: CalClient,
  userId: string,
  options: Pick<AuthorizeOptions, "oauth" | "isPasted"> & { io: CommandIo },
): Promise<{ user: CalUser } | { finding: Finding }> {
  const { redirectUri } = options.oauth;
  const state = randomBytes(24).toString("base64url");
  const { url, codeVerifier } = await cal.oauth.authorizationUrl({ state });
  const authorization = await authorizeAt(url, state, options);
  if (authorization === "stopped") {
    const help = `Did Cal.com show an error, and not come back? Unknown client: CAL_OAUTH_CLIENT_ID. "redirect_uri does not match": register ${redirectUri} for the client. "not approved": only its owner can use a client under review.`;
    return { finding: wrong("Stopped before Cal.com sent the browser back.", help) };
  }
  if ("error" in authorization) {
    const help =
      "access_denied: it was not allowed. invalid_scope: the client is not registered for these scopes; --scopes. server_error: an older server that does not know these scopes; --scopes=";
    return { finding: wrong(`Cal.com sent the browser back with the error ${authorization.error}.`, help) };
  }
  return { user: await cal.oauth.link(userId, { code: authorization.code, codeVerifier }) };
}

async function authorizeAt(
  url: string,
  state: string,
  { io, oauth, isPasted }: Pick<AuthorizeOptions, "oauth" | "isPasted"> & { io: CommandIo },
): Promise<Authorization | "stopped"> {
  const open = (): void => {
    io.out(`Open this page, sign in to Cal.com and allow the access:\n\n  ${url}\n`);
  };
  if (isPasted) {
    open();
    return pasted(await io.ask("Paste the URL at which the browser ends up: "), state);
  }
  const listener = await listenForCode(new URL(oauth.redirectUri), state);
  try {
    open();
    io.out(`Waiting for Cal.com at ${oauth.redirectUri} (stop with Ctrl-C) ...\n`);
    return await Promise.race([listener.received, io.untilStopped().then(() => "stopped" as const)]);
  } finally {
    await listener.close();
  }
}

function pasted(text: string, state: string): Authorization {
  const address = text.trim();
  const authorization = URL.canParse(address) ? readRedirect(new URL(address), state) : undefined;
  if (authorization) return authorization;
  throw new UsageError(
    "That is not the URL of this authorization: it has code and state in it. Run the command again.",
  );
}
