import { listCalendars, type CalendarList, type ConnectedCalendar } from "../api/endpoints/calendar-list.js";
import {
  disconnectCalendar,
  type CalendarCredential,
  type CalendarProvider,
} from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { checkStatus } from "./status.js";
import { CalApiError, CalValidationError } from "../errors.js";
import type { DisconnectableProvider } from "./providers.js";
import { providers } from "./providers.js";

// One round does; a connection that is made meanwhile takes another.
const DISCONNECT_ROUNDS = 3;

/** The provider's accounts. */
export function connectionsOf(list: CalendarList, provider: DisconnectableProvider): ConnectedCalendar[] {
  return list.connectedCalendars.filter(
    ({ integration }) => integration.type === providers[provider].integration,
  );
}

/** Cal.com ignores the provider's name, and would end another provider's connection without a word. */
export function assertOfProvider(
  { connectedCalendars }: CalendarList,
  provider: DisconnectableProvider,
  credentialId: number,
): void {
  const account = connectedCalendars.find((connected) => connected.credentialId === credentialId);
  if (!account || account.integration.type === providers[provider].integration) return;
  throw new CalValidationError(`The credential ${String(credentialId)} is not of the provider ${provider}.`);
}

/** All connections of a provider in a person's own account are not for the application to end by mistake. */
export function needsCredentialId(provider: DisconnectableProvider): CalValidationError {
  return new CalValidationError(
    `Which connection? This user has an own Cal.com account, and ${providers[provider].label} may be connected there for more than this application. ` +
      "Give { credentialId }, which list() has; or { all: true }, which removes the calendar from the user's whole Cal.com account.",
  );
}

/** Ends a connection. Answers it, if it was there: a 404 means that somebody else was quicker. */
export async function disconnectOne(
  send: Send,
  provider: DisconnectableProvider,
  credentialId: number,
  options: CallOptions | undefined,
): Promise<CalendarCredential[]> {
  try {
    return [await disconnectCalendar(send, provider, credentialId, options)];
  } catch (error) {
    if (error instanceof CalApiError && error.code === "not_found") return [];
    throw error;
  }
}

/** Ends every connection of the provider. */
export async function disconnectAll(
  send: Send,
  provider: DisconnectableProvider,
  options: CallOptions | undefined,
): Promise<CalendarCredential[]> {
  const disconnected: CalendarCredential[] = [];
  for (let round = 0; round < DISCONNECT_ROUNDS; round += 1) {
    const accounts = connectionsOf(await listCalendars(send, options), provider);
    if (accounts.length === 0) break;
    for (const { credentialId } of accounts) {
      disconnected.push(...(await disconnectOne(send, provider, credentialId, options)));
    }
  }
  return disconnected;
}

/**
 * Ends the provider's connections whose access was revoked: Cal.com would drop the new tokens of such an account.
 *
 * @param isOwnAccount - In a person's own account only a provider's single connection is ended: of several, the one to
 * be connected again is not known.
 */
export async function disconnectRevoked(
  send: Send,
  provider: CalendarProvider,
  isOwnAccount: boolean,
  options: CallOptions | undefined,
): Promise<void> {
  const status = await checkStatus(send, provider, options);
  // Nothing to look for. Nor may the list be asked for without need: Cal.com keeps it for 10 seconds, and would
  // not see an Apple calendar that is connected next.
  if (!status.connected && !["revoked", "invalid_credentials"].includes(status.reason)) return;
  // Of several accounts the check looks at the first one only, so each one's own error decides. An account
  // that could not be reached just now is left alone.
  const accounts = connectionsOf(await listCalendars(send, options), provider);
  if (isOwnAccount && accounts.length > 1) return;
  const isOnly = accounts.length === 1 && !status.connected;
  const revoked = accounts.filter(
    ({ error }) => error !== null && (isOnly || tellsOfRevocation(error.message)),
  );
  for (const { credentialId } of revoked) await disconnectOne(send, provider, credentialId, options);
}

// What Cal.com says of accounts whose access was revoked, at Google and at Microsoft.
function tellsOfRevocation(message: string): boolean {
  return /revoked|could not get connected calendars/i.test(message);
}
