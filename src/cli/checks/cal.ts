import { CalClient } from "../../client.js";
import { isCalError, type CalError } from "../../errors.js";
import { memoryTokenStore } from "../../stores/memory.js";
import type { CommandIo } from "../command.js";
import { isInTheClear } from "./address.js";
import { note, ok, wrong, type Finding } from "./finding.js";

/** How the variables come from a file. The path is that of every package manager, and of Windows. */
export const withFile = "node --env-file=.env node_modules/calbridge/dist/cli.js doctor";

const DEFAULT_URL = "https://api.cal.com/v2";
const NOTED_SKEW_MS = 5_000;
// Half of the minute by which tokens are refreshed before they end.
const WRONG_SKEW_MS = 30_000;

/** Asks Cal.com, as the application would, whether it knows the OAuth client; and compares the clocks. */
export async function checkCal(io: CommandIo): Promise<Finding[]> {
  let answeredAt: { theirs: number; ours: number } | undefined;
  const fetch: typeof globalThis.fetch = async (...request) => {
    const sentAt = io.now();
    const response = await io.fetch(...request);
    const date = Date.parse(response.headers.get("date") ?? "");
    if (!Number.isNaN(date)) answeredAt = { theirs: date, ours: (sentAt + io.now()) / 2 };
    return response;
  };
  try {
    const cal = CalClient.fromEnv({
      env: { ...io.env },
      tokenStore: memoryTokenStore(),
      fetch,
      retry: { limit: 0 },
      // Whether the application's own client allows it is not known here: noted below.
      allowInsecure: true,
    });
    // Nobody has this address: the answer is an empty list, for whoever may ask.
    const users = cal.managedUsers.list({ emails: ["nobody@calbridge.invalid"] });
    await users[Symbol.asyncIterator]().next();
  } catch (error) {
    if (!isCalError(error)) throw error;
    return [wrong(error.message, adviceFor(error, io)), ...checkUrl(io)];
  }
  return [
    ok(`${hostOf(apiUrl(io) ?? DEFAULT_URL)} accepts CAL_CLIENT_ID and CAL_CLIENT_SECRET.`),
    ...checkUrl(io),
    ...(answeredAt ? [checkClock(answeredAt.ours - answeredAt.theirs)] : []),
  ];
}

function adviceFor(error: CalError, io: CommandIo): string {
  const isUrlSet = apiUrl(io) !== undefined;
  const asked = isUrlSet ? "" : `CAL_API_URL is not set, so ${DEFAULT_URL} was asked.\n`;
  // Cal.com's 404 for a path that it doesn't have is no not_found.
  switch (error.status === 404 ? "not_found" : error.code) {
    case "invalid_input":
      return `Set CAL_CLIENT_ID and CAL_CLIENT_SECRET as Cal.com's platform settings show them, and CAL_API_URL if Cal.com is your own.${aboutFiles(io)}`;
    case "unauthorized":
      return `${asked}Compare CAL_CLIENT_ID and CAL_CLIENT_SECRET with Cal.com's platform settings: one of them is another client's, or cut short.`;
    case "forbidden":
      return "The OAuth client may not list its users: look at its permissions in Cal.com's platform settings.";
    case "not_found":
      return `${asked}Does CAL_API_URL end in /v2? Cal.com's own is ${DEFAULT_URL}.`;
    case "rate_limited":
      return "Try again in a minute.";
    case "network_error":
    case "timeout":
      return isUrlSet
        ? "Is CAL_API_URL right, and may this machine make requests to it (DNS, proxy, firewall)?"
        : `${asked}May this machine make requests to it (DNS, proxy, firewall)?`;
    case "invalid_response":
      return `${asked}Something else than Cal.com's API answers there.`;
    default:
      return "Try again; if it stays so, ask Cal.com, with the request id if there is one.";
  }
}

/** For whoever has put the variables into a file, and sees that they are not set. */
function aboutFiles({ env }: CommandIo): string {
  const isSet = ["CAL_CLIENT_ID", "CAL_CLIENT_SECRET"].every((name) => env[name]?.trim());
  return isSet ? "" : `\nFiles are not read. For one: ${withFile}`;
}

function apiUrl({ env }: CommandIo): string | undefined {
  return env["CAL_API_URL"]?.trim() || undefined;
}

function checkUrl(io: CommandIo): Finding[] {
  if (!isInTheClear(apiUrl(io) ?? DEFAULT_URL)) return [];
  return [
    note(
      "CAL_API_URL is http: others on the network can read the client's secret and all tokens.",
      "Use https. The client accepts http only with allowInsecure: true.",
    ),
  ];
}

function checkClock(skewMs: number): Finding {
  // The Date header has whole seconds.
  const seconds = Math.round(Math.abs(skewMs) / 1000);
  const text = `This machine's clock is ${seconds} s ${skewMs > 0 ? "ahead of" : "behind"} Cal.com's.`;
  const help = "Keep it right with NTP: by the clock the SDK knows when a token has to be refreshed.";
  if (Math.abs(skewMs) >= WRONG_SKEW_MS) return wrong(text, help);
  return Math.abs(skewMs) >= NOTED_SKEW_MS
    ? note(text, help)
    : ok("This machine's clock agrees with Cal.com's.");
}

function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : "Cal.com";
}
