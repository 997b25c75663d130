import { CalClient } from "../../client.js";
import { isCalError, type CalError } from "../../errors.js";
import { memoryTokenStore } from "../../stores/memory.js";
import type { CommandIo } from "../command.js";
import { note, ok, wrong, type Finding } from "./finding.js";

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
    });
    // Nobody has this address: the answer is an empty list, for whoever may ask.
    const users = cal.managedUsers.list({ emails: ["nobody@calbridge.invalid"] });
    await users[Symbol.asyncIterator]().next();
  } catch (error) {
    if (!isCalError(error)) throw error;
    return [wrong(error.message, adviceFor(error)), ...checkUrl(io)];
  }
  const api = io.env["CAL_API_URL"]?.trim() ?? "https://api.cal.com/v2";
  return [
    ok(`${hostOf(api)} accepts CAL_CLIENT_ID and CAL_CLIENT_SECRET.`),
    ...checkUrl(io),
    ...(answeredAt ? [checkClock(answeredAt.ours - answeredAt.theirs)] : []),
  ];
}

function adviceFor(error: CalError): string {
  switch (error.code) {
    case "invalid_input":
      return "Set CAL_CLIENT_ID and CAL_CLIENT_SECRET as Cal.com's platform settings show them, and CAL_API_URL if Cal.com is your own.";
    case "unauthorized":
      return "Compare CAL_CLIENT_ID and CAL_CLIENT_SECRET with Cal.com's platform settings: one of them is another client's, or cut short.";
    case "forbidden":
      return "The OAuth client may not list its users: look at its permissions in Cal.com's platform settings.";
    case "not_found":
      return "Is CAL_API_URL complete? Cal.com's own is https://api.cal.com/v2, with /v2 at its end.";
    case "rate_limited":
      return "Try again in a minute.";
    case "network_error":
    case "timeout":
      return "Is CAL_API_URL right, and may this machine make requests to it (DNS, proxy, firewall)?";
    case "invalid_response":
      return "Something else than Cal.com's API answers at CAL_API_URL.";
    default:
      return "Try again; if it stays so, ask Cal.com, with the request id if there is one.";
  }
}

function checkUrl({ env }: CommandIo): Finding[] {
  const url = env["CAL_API_URL"]?.trim();
  if (!url?.startsWith("http://") || /^http:\/\/(localhost|127\.|\[::1\])/.test(url)) return [];
  return [note("CAL_API_URL is http: the client's secret and all tokens travel in the clear.", "Use https.")];
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
