import { CalClient } from "../../client.js";
import type { OAuthOptions } from "../../client-options.js";
import { CalValidationError } from "../../errors.js";
import { optionsFromEnv } from "../../options-from-env.js";
import { memoryTokenStore } from "../../stores/memory.js";
import type { CommandIo } from "../command.js";
import { cloudPageOf, isCloudPage } from "./cloud.js";
import { note, wrong, type Finding } from "./finding.js";
import { checkAtCal } from "./oauth-at-cal.js";
import { checkScopes } from "./oauth-scopes.js";

const CLOUD_URL = "https://api.cal.com/v2";

/** Whether the environment names an OAuth client. */
export function hasOAuthClient({ env }: CommandIo): boolean {
  return read(env, "CAL_OAUTH_CLIENT_ID") !== undefined;
}

/** Checks the OAuth client: its variables, and as far as can be seen without a user, whether Cal.com accepts them. */
export async function checkOAuth(io: CommandIo): Promise<Finding[]> {
  const { env } = io;
  const clientId = read(env, "CAL_OAUTH_CLIENT_ID");
  if (clientId === undefined) return checkLeftovers(env);
  if (clientId === read(env, "CAL_CLIENT_ID")) {
    return [
      wrong(
        "CAL_OAUTH_CLIENT_ID and CAL_CLIENT_ID are the same.",
        "A platform client (managed users) and an OAuth client are two: https://app.cal.com/settings/developer/oauth.",
      ),
    ];
  }
  const { oauth, baseUrl = CLOUD_URL } = optionsFromEnv({ ...env, CAL_CLIENT_ID: "", CAL_CLIENT_SECRET: "" });
  if (!oauth) throw new TypeError("There is no OAuth client.");
  const invalid = validate(oauth, baseUrl);
  if (invalid) return [invalid];
  return [
    ...checkKind(oauth),
    ...checkNewUsers(env),
    ...checkPlaces(oauth, baseUrl),
    ...checkScopes(oauth, baseUrl),
    ...(await checkAtCal(io, oauth, baseUrl)),
  ];
}

/** Variables of an OAuth client whose id is not set: the client would not read them. */
function checkLeftovers(env: CommandIo["env"]): Finding[] {
  const names = [
    "CAL_OAUTH_CLIENT_SECRET",
    "CAL_OAUTH_REDIRECT_URI",
    "CAL_OAUTH_SCOPES",
    "CAL_AUTHORIZE_URL",
  ];
  const set = names.filter((name) => read(env, name) !== undefined);
  if (set.length === 0) return [];
  return [wrong(`${set.join(", ")}: set, but CAL_OAUTH_CLIENT_ID is not.`, "Set it, or remove the others.")];
}

function validate(oauth: OAuthOptions, baseUrl: string): Finding | undefined {
  try {
    // Whether the application's own client allows http is not known here: noted by the check of the address.
    new CalClient({ oauth, baseUrl, tokenStore: memoryTokenStore(), allowInsecure: true });
    return undefined;
  } catch (error) {
    if (!(error instanceof CalValidationError)) throw error;
    const help =
      "CAL_OAUTH_REDIRECT_URI, CAL_OAUTH_SCOPES and CAL_AUTHORIZE_URL are the options oauth.redirectUri, oauth.scopes and oauth.authorizeUrl.";
    return wrong(error.message, help);
  }
}

function checkKind({ clientSecret }: OAuthOptions): Finding[] {
  if (clientSecret !== undefined) return [];
  return [
    note(
      "CAL_OAUTH_CLIENT_SECRET is not set: the client is used as a public one, with PKCE.",
      "Set it, if the client was created as a confidential one.",
    ),
  ];
}

/** What a user without a record gets, if there is a platform client as well. */
function checkNewUsers(env: CommandIo["env"]): Finding[] {
  const newUsers = read(env, "CAL_NEW_USERS");
  const isPlatform = read(env, "CAL_CLIENT_ID") !== undefined;
  if (!isPlatform || newUsers === "managed" || newUsers === "oauth") return [];
  const help =
    "managed or oauth: whether a user without a record gets a managed user, or links their own account.";
  if (newUsers !== undefined) return [wrong("CAL_NEW_USERS is neither managed nor oauth.", help)];
  return [
    note(
      "CAL_NEW_USERS is not set, and there are a platform client and an OAuth client.",
      `Set it, or give the option newUsers: ${help}`,
    ),
  ];
}

/** Whether the authorize page and the API are of one server, and where Cal.com would send the browser back to. */
function checkPlaces({ authorizeUrl, redirectUri }: OAuthOptions, baseUrl: string): Finding[] {
  const findings: Finding[] = [];
  const { host } = new URL(authorizeUrl ?? "https://app.cal.com");
  const expected = cloudPageOf(baseUrl);
  if (expected === undefined ? isCloudPage(host) : host !== expected) {
    findings.push(
      wrong(
        "CAL_AUTHORIZE_URL and CAL_API_URL are of two servers.",
        `CAL_API_URL is ${new URL(baseUrl).host}, CAL_AUTHORIZE_URL is ${host}.`,
      ),
    );
  }
  if (redirectUri !== undefined && !isRegistrable(redirectUri)) {
    findings.push(
      wrong(
        "CAL_OAUTH_REDIRECT_URI can't be registered at Cal.com.",
        "It is https, or http on localhost, 127.0.0.1, [::1] or .local, without a fragment.",
      ),
    );
  }
  return findings;
}

function isRegistrable(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol === "https:" || /^(localhost|127\.0\.0\.1|\[::1\]|.+\.local)$/.test(hostname);
}

function read(env: CommandIo["env"], name: string): string | undefined {
  return env[name]?.trim() || undefined;
}
