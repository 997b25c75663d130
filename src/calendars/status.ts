import { checkCalendar, type CalendarProvider } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { CalApiError } from "../errors.js";
import { providers, type DisconnectableProvider } from "./providers.js";

/**
 * Why a connection doesn't work: `not_connected`, there is none; `invalid_credentials`, Cal.com has marked it
 * as broken; `revoked`, the user took access away at the provider; `not_permitted`, the OAuth client lacks
 * the permission `APPS_READ`; `provider_error`, the provider or Cal.com failed in another way.
 */
export type DisconnectedReason =
  "not_connected" | "invalid_credentials" | "revoked" | "not_permitted" | "provider_error";

/** Whether a connection works, and if not, why, with a sentence that says what to do. */
export type CalendarStatus =
  { connected: true } | { connected: false; reason: DisconnectedReason; message: string };

/** Asks Cal.com whether a provider's connection works. */
export function checkStatus(
  send: Send,
  provider: CalendarProvider,
  options: CallOptions | undefined,
): Promise<CalendarStatus> {
  return statusOf(provider, checkCalendar(send, provider, options));
}

/** What the outcome of a check means. Errors that say nothing of the connection are thrown on. */
export async function statusOf(
  provider: DisconnectableProvider,
  check: Promise<void>,
): Promise<CalendarStatus> {
  try {
    await check;
    return { connected: true };
  } catch (error) {
    const reason = error instanceof CalApiError ? reasonOf(error) : undefined;
    if (!reason) throw error;
    return { connected: false, reason, message: messageOf(reason, providers[provider].label) };
  }
}

function reasonOf({ code, status, apiCode, apiMessage = "" }: CalApiError): DisconnectedReason | undefined {
  if (code === "bad_request") {
    if (/not found/i.test(apiMessage)) return "not_connected";
    return /^invalid/i.test(apiMessage) ? "invalid_credentials" : "provider_error";
  }
  // Without a name of Cal.com's it is the word of a proxy or a firewall.
  if (apiCode === undefined && (code === "unauthorized" || code === "forbidden")) return undefined;
  // Refused before any calendar was looked at.
  if (/^(ApiAuthStrategy|CustomThrottlerGuard)/.test(apiMessage)) return undefined;
  // A 401 about our own token has another code, and was answered by a refresh. "not connected" is said of
  // a credential so new that the list Cal.com keeps for 10 seconds doesn't have it.
  if (code === "unauthorized") return /not connected/i.test(apiMessage) ? "not_connected" : "revoked";
  if (code === "forbidden") return "not_permitted";
  // 502 to 504 come from before Cal.com and say nothing of the calendar.
  return status === 500 ? "provider_error" : undefined;
}

function messageOf(reason: DisconnectedReason, name: string): string {
  switch (reason) {
    case "not_connected":
      return `${name} is not connected.`;
    case "invalid_credentials":
      return `${name} no longer accepts the stored credentials. Connect it again.`;
    case "revoked":
      return `${name}: access was revoked at the provider. Connect it again.`;
    case "not_permitted":
      return "Cal.com's OAuth client lacks the permission APPS_READ. Add it in the platform settings.";
    case "provider_error":
      return `${name} could not be read just now. Try again later.`;
  }
}
