import type { OAuthOptions } from "../../client-options.js";
import { optionsFromEnv } from "../../options-from-env.js";
import { textOption, UsageError, type CommandIo, type OptionValues } from "../command.js";
import { namesIn } from "../../lib/names-in.js";

/** What the command asks Cal.com for. */
export interface AuthorizeOptions {
  oauth: OAuthOptions & { redirectUri: string };
  baseUrl: string;
  scopes: readonly string[];
  /** Whether the user pastes the URL at which the browser ends up. */
  isPasted: boolean;
}

const DEFAULT_PORT = 8765;
const DEFAULT_URL = "https://api.cal.com/v2";
const DEFAULT_SCOPES = ["APPS_READ", "APPS_WRITE", "PROFILE_READ"];

/** The OAuth client of the environment, with the command's own redirect URI. */
export function oauthOptions(values: OptionValues, { env }: CommandIo): AuthorizeOptions {
  if (!env["CAL_OAUTH_CLIENT_ID"]?.trim()) {
    throw new UsageError("CAL_OAUTH_CLIENT_ID is not set. Is it in a file? Use: --env-file .env");
  }
  const { oauth, baseUrl = DEFAULT_URL } = optionsFromEnv(env);
  if (!oauth) throw new TypeError("There is no OAuth client.");
  const given = textOption(values, "scopes");
  const scopes = given === undefined ? (oauth.scopes ?? DEFAULT_SCOPES) : namesIn(given);
  const redirectUri = redirectUriOf(values);
  return {
    oauth: { ...oauth, scopes, redirectUri },
    baseUrl,
    scopes,
    isPasted: values["paste"] === true || !isOfThisMachine(redirectUri),
  };
}

function redirectUriOf(values: OptionValues): string {
  const given = textOption(values, "redirect-uri");
  const port = textOption(values, "port");
  if (given !== undefined && port !== undefined) {
    throw new UsageError("--port can't be used with --redirect-uri: give the port in it.");
  }
  if (given !== undefined) {
    // Any URL: Cal.com compares it, character for character.
    if (!/^https?:\/\//.test(given) || !URL.canParse(given))
      throw new UsageError("--redirect-uri must be a URL.");
    return given;
  }
  if (port !== undefined && !(/^\d+$/.test(port) && Number(port) >= 1 && Number(port) <= 65_535)) {
    throw new UsageError("--port must be a number from 1 to 65535.");
  }
  return `http://localhost:${port ?? DEFAULT_PORT}/callback`;
}

function isOfThisMachine(uri: string): boolean {
  const { protocol, hostname } = new URL(uri);
  return protocol === "http:" && ["localhost", "127.0.0.1", "[::1]"].includes(hostname);
}
