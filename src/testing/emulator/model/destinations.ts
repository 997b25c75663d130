import { findCalendar, type CalendarOutput, type Connected } from "./calendar-output.js";
import { integrationOf } from "./integrations.js";
import type { CredentialType, Destination, State } from "./state.js";

/**
 * The calendar that new events go to. The first list creates it. If its calendar is gone, it moves to the first
 * primary calendar, or to nothing (`""`) if there is none.
 */
export function destinationOf(state: State, userId: number, connected: Connected[]): Record<string, unknown> {
  if (connected.length === 0) {
    state.destinations.delete(userId);
    return {};
  }
  const primary = connected.find((entry) => entry.primary)?.primary;
  const now = state.clock.now();
  const row = state.destinations.get(userId);
  if (!row) {
    if (!primary) return {};
    const created: Destination = {
      id: state.nextId("destination"),
      userId,
      integration: primary.integration,
      externalId: primary.externalId,
      primaryEmail: primary.email ?? null,
      credentialId: primary.credentialId,
      delegationCredentialId: primary.delegationCredentialId,
      createdAt: now,
      updatedAt: now,
    };
    state.destinations.set(userId, created);
    return destinationOutput(created);
  }
  const calendar = findCalendar(connected, row);
  if (calendar) return { ...destinationOutput(row), ...extrasOf(calendar) };
  Object.assign(row, {
    integration: primary?.integration ?? "",
    externalId: primary?.externalId ?? "",
    credentialId: primary?.credentialId ?? row.credentialId,
    delegationCredentialId: primary?.delegationCredentialId ?? null,
    updatedAt: now,
  });
  return destinationOutput(row);
}

function destinationOutput(row: Destination): Record<string, unknown> {
  return {
    id: row.id,
    integration: row.integration,
    externalId: row.externalId,
    primaryEmail: row.primaryEmail,
    userId: row.userId,
    eventTypeId: null,
    credentialId: row.credentialId,
    createdAt: new Date(row.createdAt).toISOString(),
    updatedAt: new Date(row.updatedAt).toISOString(),
    delegationCredentialId: row.delegationCredentialId,
    customCalendarReminder: null,
  };
}

function extrasOf(calendar: CalendarOutput): Record<string, unknown> {
  const { name, primary, readOnly, email, isSelected, integration } = calendar;
  return {
    name,
    ...(primary && { primary }),
    readOnly,
    ...(email !== undefined && { email }),
    isSelected,
    integrationTitle: integrationOf(integration as CredentialType).title,
  };
}
