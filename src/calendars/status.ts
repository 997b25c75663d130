import type { ConnectedCalendar } from "../api/endpoints/calendar-list.js";
import { checkCalendar, type CalendarProvider } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { CalApiError } from "../errors.js";
import { isDelegated } from "./connections-of.js";
import { providers, type DisconnectableProvider } from "./providers.js";

/**
 * Why a connection doesn't work: `not_connected`, there is none; `invalid_credentials`, Cal.com has marked it
 * as invalid; `revoked`, the user has revoked access at Google; `unavailable`, it can't be read just now: an outage of
 * the provider, or access that was revoked at Microsoft or Apple, which Cal.com reports in the same words;
 * `not_permitted`, the OAuth client lacks the permission `APPS_READ`; `provider_error`, the provider or Cal.com failed
 * in another way.
 */
export type DisconnectedReason =
  "not_connected" | "invalid_credentials" | "revoked" | "unavailable" | "not_permitted" | "provider_error";

/** Whether a provider's connections work, and if one doesn't, why, with a sentence that says what to do. */
export type CalendarStatus =
  | {
      connected: true;
      /** Present for a calendar connected just now: it takes Cal.com up to 10 seconds to list it. */
      listed?: false | undefined;
    }
  | {
      connected: false;
      reason: DisconnectedReason;
      message: string;
      /** The connection that doesn't work, where that is known. */
      credentialId?: number | undefined;
    };

/** Asks Cal.com whether a provider's connection works. Of several connections, Cal.com looks at one. */
export function checkStatus(
  send: Send,
  provider: CalendarProvider,
  options: CallOptions | undefined,
): Promise<CalendarStatus> {
  return statusOf(provider, checkCalendar(send, provider, options));
}

/** What the outcome of a check means. Errors that say nothing about the connection are thrown on. */
export async function statusOf(
  provider: DisconnectableProvider,
  check: Promise<void>,
): Promise<CalendarStatus> {
  try {
    await check;
    return { connected: true };
  } catch (error) {
    if (!(error instanceof CalApiError)) throw error;
    if (isNotListedYet(error)) return { connected: true, listed: false };
    const reason = reasonOf(error);
    if (!reason) throw error;
    return failed(provider, reason);
  }
}

/**
 * What `check` says, which looks at one connection, together with the list, which has all of them. Only the list shows
 * a second connection that doesn't work, and delegated access; only `check` shows Cal.com's mark "invalid".
 */
export function statusOfAll(
  provider: DisconnectableProvider,
  checked: CalendarStatus,
  connections: readonly ConnectedCalendar[],
): CalendarStatus {
  const broken = connections.find(({ error }) => error !== null);
  if (checked.connected) return broken ? statusOfConnection(provider, broken) : checked;
  const { reason } = checked;
  if (reason === "not_connected") {
    // Cal.com's check finds no delegated access.
    if (!connections.some(isDelegated)) return checked;
    return broken ? statusOfConnection(provider, broken) : { connected: true };
  }
  const own = connections.filter((connection) => !isDelegated(connection));
  // Cal.com marks the credential itself; its list doesn't say so. Its check looks at the first one.
  const ids = own
    .filter(({ error }) => (reason === "invalid_credentials" ? true : error !== null))
    .map(({ credentialId }) => credentialId);
  return ids.length === 0 ? checked : { ...checked, credentialId: Math.min(...ids) };
}

function statusOfConnection(
  provider: DisconnectableProvider,
  { error, credentialId }: ConnectedCalendar,
): CalendarStatus {
  return { ...failed(provider, reasonOfListError(error?.message ?? "")), credentialId };
}

function failed(
  provider: DisconnectableProvider,
  reason: DisconnectedReason,
): CalendarStatus & { connected: false } {
  return { connected: false, reason, message: messageOf(reason, providers[provider].label) };
}

/** What the error of a connection in Cal.com's list means. */
export function reasonOfListError(message: string): DisconnectedReason {
  // Google's `invalid_grant`. Any other response of a provider, an outage too, is "could not get".
  if (/expired or revoked/i.test(message)) return "revoked";
  return /could not get connected calendars/i.test(message) ? "unavailable" : "provider_error";
}

/** Whether Cal.com has the credential, but not yet in the list that it keeps for 10 seconds. */
function isNotListedYet({ code, apiMessage = "" }: CalApiError): boolean {
  return code === "unauthorized" && /not connected/i.test(apiMessage);
}

function reasonOf({ code, status, apiCode, apiMessage = "" }: CalApiError): DisconnectedReason | undefined {
  if (code === "bad_request") {
    if (/not found/i.test(apiMessage)) return "not_connected";
    return /^invalid/i.test(apiMessage) ? "invalid_credentials" : "provider_error";
  }
  // Without a code of Cal.com's it comes from a proxy or a firewall.
  if (apiCode === undefined && (code === "unauthorized" || code === "forbidden")) return undefined;
  // Rejected before any calendar was looked at.
  if (/^(ApiAuthStrategy|CustomThrottlerGuard)/.test(apiMessage)) return undefined;
  // A 401 about the access token has another code.
  if (code === "unauthorized") {
    return reasonOfListError(apiMessage) === "revoked" ? "revoked" : "unavailable";
  }
  if (code === "forbidden") return "not_permitted";
  // 502 to 504 come from in front of Cal.com and say nothing about the calendar.
  return status === 500 ? "provider_error" : undefined;
}

/** What a reason means for a user of the provider that is called `label`, and what to do. */
export function messageOf(reason: DisconnectedReason, label: string): string {
  switch (reason) {
    case "not_connected":
      return `${label} is not connected.`;
    case "invalid_credentials":
      return `${label} no longer accepts the stored credentials. Connect it again.`;
    case "revoked":
      return `${label}: access was revoked at the provider. Connect it again.`;
    case "unavailable":
      return `${label} can't be read at the moment. Try again later. If this doesn't change, disconnect it, then connect it again.`;
    case "not_permitted":
      return "Cal.com's OAuth client lacks the permission APPS_READ. Add it in the platform settings.";
    case "provider_error":
      return `${label} could not be read just now. Try again later.`;
  }
}
