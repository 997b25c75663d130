import type { CalendarList, ConnectedCalendar } from "../api/endpoints/calendar-list.js";
import { CalValidationError } from "../errors.js";
import { assertId } from "../lib/assert.js";
import { providers, type DisconnectableProvider } from "./providers.js";

/** The provider's connections. */
export function connectionsOf(list: CalendarList, provider: DisconnectableProvider): ConnectedCalendar[] {
  return list.connectedCalendars.filter(
    ({ integration }) => integration.type === providers[provider].integration,
  );
}

/**
 * Whether the access was given by an administrator of the user's organization ("delegation credential"). Such a
 * connection is not the user's to end. As a rule it has no credential of its own: its `credentialId` is -1.
 */
export function isDelegated({ credentialId, delegationCredentialId }: ConnectedCalendar): boolean {
  return credentialId < 1 || delegationCredentialId !== null;
}

/** @param why - What can't be done with delegated access, for the error. */
export function assertCredentialId(value: unknown, why: string): asserts value is number {
  if (value === -1) {
    throw new CalValidationError(
      `The connection is delegated: an administrator has given access (credentialId -1). ${why}`,
    );
  }
  assertId("credentialId", value);
}
