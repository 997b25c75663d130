import { listCalendars } from "../api/endpoints/calendar-list.js";
import { disconnectCalendar, type CalendarCredential } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { unlessNotFound } from "../api/unless-not-found.js";
import { CalValidationError } from "../errors.js";
import { whenAll } from "../lib/when-all.js";
import { assertCredentialId, connectionsOf, isDelegated } from "./connections-of.js";
import { providerOf, providers, type DisconnectableProvider } from "./providers.js";

// Saving Apple's credentials does not drop Cal.com's cached list, as any other change does: a connection of the last ten
// seconds is in the next list only.
const APPLE_ROUNDS = 3;
const NOT_THEIRS = "Only an administrator of the user's organization can end delegated access.";

/** All connections of a provider in a person's own account are not for the application to end by mistake. */
export function needsCredentialId(provider: DisconnectableProvider): CalValidationError {
  return new CalValidationError(
    `Which connection? This user has linked their own Cal.com account, and ${providers[provider].label} may be connected there for more than this application. Give { credentialId }, which list() has; or { all: true }, which removes the calendar from the user's whole Cal.com account.`,
  );
}

/** Ends a connection. Returns it, or nothing if it was gone already (404). */
export async function disconnectOne(
  send: Send,
  provider: DisconnectableProvider,
  credentialId: number,
  options: CallOptions | undefined,
): Promise<CalendarCredential[]> {
  const ended = await unlessNotFound(disconnectCalendar(send, provider, credentialId, options));
  return ended ? [ended] : [];
}

/** Ends the connection with this id, if the user has it. */
export async function disconnectById(
  send: Send,
  provider: DisconnectableProvider,
  credentialId: number,
  options: CallOptions | undefined,
): Promise<CalendarCredential[]> {
  assertCredentialId(credentialId, NOT_THEIRS);
  // Cal.com ignores the provider's name in the path, and would end another provider's connection without an error.
  const { connectedCalendars } = await listCalendars(send, options);
  const connection = connectedCalendars.find((connected) => connected.credentialId === credentialId);
  if (connection && providerOf(connection.integration.type) !== provider) {
    throw new CalValidationError(
      `The credential ${String(credentialId)} belongs to ${connection.integration.type}. Nothing was disconnected.`,
    );
  }
  if (connection && isDelegated(connection)) throw new CalValidationError(NOT_THEIRS);
  return disconnectOne(send, provider, credentialId, options);
}

/** Ends every connection of the provider that Cal.com lists, all at once. Delegated ones stay. */
export async function disconnectAll(
  send: Send,
  provider: DisconnectableProvider,
  options: CallOptions | undefined,
): Promise<CalendarCredential[]> {
  const disconnected: CalendarCredential[] = [];
  const rounds = provider === "apple" ? APPLE_ROUNDS : 1;
  for (let round = 0; round < rounds; round += 1) {
    const list = await listCalendars(send, options);
    const own = connectionsOf(list, provider).filter((connection) => !isDelegated(connection));
    if (own.length === 0) break;
    const ended = own.map(({ credentialId }) => disconnectOne(send, provider, credentialId, options));
    disconnected.push(...(await whenAll(ended)).flat());
  }
  return disconnected;
}
