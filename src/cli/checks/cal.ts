import { CalClient } from "../../client.js";
import { isCalError, type CalError } from "../../errors.js";
import { memoryTokenStore } from "../../stores/memory.js";
import type { CommandIo } from "../command.js";
import { isUnencrypted } from "./address.js";
import { note, ok, wrong, type Finding } from "./finding.js";
import { checkPermissions } from "./permissions.js";

const DEFAULT_URL = "https://api.cal.com/v2";

/** Checks, as the application would, whether Cal.com accepts the platform client. */
export async function checkCal(io: CommandIo): Promise<Finding[]> {
  const { CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL } = io.env;
  try {
    const cal = CalClient.fromEnv({
      env: { CAL_CLIENT_ID, CAL_CLIENT_SECRET, CAL_API_URL },
      tokenStore: memoryTokenStore(),
      fetch: io.fetch,
      retry: { limit: 0 },
      // Whether the application's own client allows it is not known here: noted below.
      allowInsecure: true,
    });
    // No user has this address: the result is an empty list, if the client may list users at all.
    const users = cal.managedUsers.list({ emails: ["nobody@calbridge.invalid"] });
    await users[Symbol.asyncIterator]().next();
  } catch (error) {
    if (!isCalError(error)) throw error;
    return [wrong(error.message, adviceFor(error, io)), ...checkUrl(io)];
  }
  return [
    ok(`${hostOf(apiUrl(io) ?? DEFAULT_URL)} accepts CAL_CLIENT_ID and CAL_CLIENT_SECRET.`),
    ...checkUrl(io),
    ...(await checkPermissions(io, apiUrl(io) ?? DEFAULT_URL)),
  ];
}

function adviceFor(error: CalError, io: CommandIo): string {
  const isUrlSet = apiUrl(io) !== undefined;
  const asked = isUrlSet ? "" : `CAL_API_URL is not set, so the requests went to ${DEFAULT_URL}.\n`;
  // A 404 for a path that Cal.com doesn't have has another code.
  switch (error.status === 404 ? "not_found" : error.code) {
    case "invalid_input":
      return `Set CAL_CLIENT_ID and CAL_CLIENT_SECRET as Cal.com's platform settings show them, and CAL_API_URL if Cal.com is your own.${aboutFiles(io)}`;
    case "unauthorized":
      return `${asked}Compare CAL_CLIENT_ID and CAL_CLIENT_SECRET with Cal.com's platform settings: one of them belongs to another client, or is incomplete.`;
    case "forbidden":
      return "The OAuth client may not list its users: look at its permissions in Cal.com's platform settings.";
    case "not_found":
      return `${asked}Does CAL_API_URL end in /v2? Cal.com's own is ${DEFAULT_URL}.`;
    case "rate_limited":
      return "Try again in a minute.";
    case "network_error":
    case "timeout":
      return isUrlSet
        ? "Is CAL_API_URL right, and can this machine reach it (DNS, proxy, firewall)?"
        : `${asked}Can this machine reach it (DNS, proxy, firewall)?`;
    case "invalid_response":
      return `${asked}Something else than Cal.com's API is there.`;
    default:
      return "Try again. If it happens again, ask Cal.com, with the request id if there is one.";
  }
}

/** For those whose variables are in a file. */
function aboutFiles({ env }: CommandIo): string {
  const isSet = ["CAL_CLIENT_ID", "CAL_CLIENT_SECRET"].every((name) => env[name]?.trim());
  return isSet ? "" : "\nAre they in a file? Use: --env-file .env";
}

function apiUrl({ env }: CommandIo): string | undefined {
  return env["CAL_API_URL"]?.trim() || undefined;
}

function checkUrl(io: CommandIo): Finding[] {
  if (!isUnencrypted(apiUrl(io) ?? DEFAULT_URL)) return [];
  return [
    note(
      "CAL_API_URL is http: others on the network can read the client's secret and all tokens.",
      "Use https. The client accepts http only with allowInsecure: true.",
    ),
  ];
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "Cal.com";
}
