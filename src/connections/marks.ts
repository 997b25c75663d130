import type { CalendarList } from "../api/endpoints/calendar-list.js";
import type { CalendarProvider } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { isDelegated } from "../calendars/connections-of.js";
import { calendarProviders, providers } from "../calendars/providers.js";
import { checkStatus } from "../calendars/status.js";
import { isCalError, type CalErrorCode } from "../errors.js";

/** Which credentials Cal.com has marked as invalid. Its list does not say that. */
export interface Marks {
  invalid: ReadonlySet<number>;
  /** Credentials of which it is not known: what was known before still counts. */
  unknown: ReadonlySet<number>;
  /** Whether a check did not respond. */
  isDoubtful: boolean;
}

/** For a list without checks. */
export const noMarks: Marks = { invalid: new Set(), unknown: new Set(), isDoubtful: false };

// They say nothing about the user: Cal.com, or the network, does not work just now.
const doubts: readonly CalErrorCode[] = [
  "network_error",
  "timeout",
  "rate_limited",
  "server_error",
  "invalid_response",
  "api_error",
  "refresh_pending",
];

/** Whether an error says nothing about the user. */
export function isDoubt(code: CalErrorCode): boolean {
  return doubts.includes(code);
}

/** Asks Cal.com's `check` of each provider, which looks at the provider's first credential only. */
export async function readMarks(send: Send, list: CalendarList, options: CallOptions): Promise<Marks> {
  const invalid = new Set<number>();
  const unknown = new Set<number>();
  let isDoubtful = false;
  for (const provider of calendarProviders) {
    const own = list.connectedCalendars.filter(
      (connected) =>
        connected.integration.type === providers[provider].integration && !isDelegated(connected),
    );
    if (own.length === 0) continue;
    const ids = own.map(({ credentialId }) => credentialId);
    // Cal.com's check would fail for the one that can't be read.
    const hasError = own.some(({ error }) => error !== null);
    const mark = hasError ? "unknown" : await readMark(send, provider, options);
    if (mark === "invalid") invalid.add(Math.min(...ids));
    if (mark === "unknown" || mark === "doubtful") for (const id of ids) unknown.add(id);
    if (mark === "doubtful") isDoubtful = true;
  }
  return { invalid, unknown, isDoubtful };
}

async function readMark(
  send: Send,
  provider: CalendarProvider,
  options: CallOptions,
): Promise<"valid" | "invalid" | "unknown" | "doubtful"> {
  try {
    const status = await checkStatus(send, provider, options);
    if (status.connected) return "valid";
    if (status.reason === "invalid_credentials") return "invalid";
    return status.reason === "not_permitted" ? "unknown" : "doubtful";
  } catch (error) {
    if (!isCalError(error)) throw error;
    // A server without this endpoint for the user's grant says nothing.
    return isDoubt(error.code) ? "doubtful" : "unknown";
  }
}
