import type { OAuthOptions } from "../../client-options.js";
import { exchangeCode } from "../../api/endpoints/oauth-tokens.js";
import { CalApiError, isCalError, type CalError } from "../../errors.js";
import { parseHttpUrl } from "../../lib/http-url.js";
import type { CommandIo } from "../command.js";
import { oauthClientOf, oneTryTransport } from "../oauth-client.js";
import { note, ok, wrong, type Finding } from "./finding.js";

const HANDLERS_CALLBACK = "/api/cal/oauth/callback";

/**
 * Sends a code that can't be right: Cal.com looks at the client's id, the redirect URI and the secret before it looks at
 * the code. Ends no tokens.
 */
export async function checkAtCal(io: CommandIo, oauth: OAuthOptions, baseUrl: string): Promise<Finding[]> {
  const isGiven = oauth.redirectUri !== undefined;
  const redirectUri = oauth.redirectUri ?? handlersCallback(io.env);
  const grant = {
    code: "calbridge-doctor-sends-no-real-code",
    redirectUri: redirectUri ?? "",
    ...(oauth.clientSecret === undefined && { codeVerifier: "calbridge-doctor-sends-no-real-verifier" }),
  };
  const transport = oneTryTransport(io, baseUrl);
  try {
    await exchangeCode(
      (call) => transport.send(call, { kind: "none", clientId: oauth.clientId }),
      oauthClientOf(oauth),
      grant,
      { now: io.now },
    );
  } catch (error) {
    if (!isCalError(error)) throw error;
    return [...meaningOf(error, redirectUri, isGiven)];
  }
  return [wrong("Cal.com has issued tokens for a code that does not exist.", "Is CAL_API_URL right?")];
}

/** The callback of the handlers, at their usual place. */
function handlersCallback(env: CommandIo["env"]): string | undefined {
  const appUrl = parseHttpUrl(env["NEXT_PUBLIC_APP_URL"]?.trim() || env["APP_URL"]?.trim());
  if (!appUrl) return undefined;
  return appUrl.href.replace(/\/+$/, "") + HANDLERS_CALLBACK;
}

function meaningOf(error: CalError, redirectUri: string | undefined, isGiven: boolean): Finding[] {
  const page = "Compare it with the client's page at https://app.cal.com/settings/developer/oauth.";
  const reason = error instanceof CalApiError ? (error.apiMessage ?? "") : "";
  if (/^code_invalid_or_expired/.test(reason)) {
    const place = redirectUri === undefined ? "" : `, and ${redirectUri} is registered`;
    return [
      ok(`Cal.com accepts the OAuth client of CAL_OAUTH_CLIENT_ID${place}.`),
      note(
        "Cal.com says whether it has approved the client only when a user links an account.",
        "Try it: npx calbridge authorize.",
      ),
    ];
  }
  if (/^redirect_uri_mismatch/.test(reason)) {
    const text = `${redirectUri ?? ""} is not one of the client's redirect URIs.`;
    const help = "Register it, character for character.";
    return [
      isGiven
        ? wrong(`CAL_OAUTH_REDIRECT_URI: ${text}`, help)
        : note(
            text,
            `${help} It is where the handlers expect Cal.com's redirect, if basePath is not changed.`,
          ),
    ];
  }
  if (/^client_not_found/.test(reason)) {
    const help = `${page} A platform client (managed users) is another thing: its id belongs into CAL_CLIENT_ID.`;
    return [wrong("Cal.com has no OAuth client with the id in CAL_OAUTH_CLIENT_ID.", help)];
  }
  if (/^invalid_client_credentials/.test(reason)) {
    return [wrong("CAL_OAUTH_CLIENT_SECRET is not the secret of this client.", page)];
  }
  if (/^client_not_approved/.test(reason)) {
    return [
      wrong("The OAuth client is under review at Cal.com.", "Until it is approved, only its owner can link."),
    ];
  }
  if (/^client_rejected/.test(reason)) return [wrong("Cal.com has rejected the OAuth client.", page)];
  return [
    wrong(`The OAuth client could not be checked: ${error.message}`, "Is CAL_API_URL right? Try again."),
  ];
}
