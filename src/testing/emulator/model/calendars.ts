import type { Account } from "./accounts.js";
import type { CalendarOutput, Connected } from "./calendar-output.js";
import { accountOf, credentialsOf, delegationFailureOf, failureOf } from "./credentials.js";
import { destinationOf } from "./destinations.js";
import { integrationOf } from "./integrations.js";
import type { Credential, Delegation, State } from "./state.js";

export interface CalendarList {
  connectedCalendars: Connected[];
  destinationCalendar: Record<string, unknown>;
}

/** Delegated access has no row of its own: Cal.com shows this id in place of one. */
export const DELEGATED_CREDENTIAL_ID = -1;

const CACHE_MS = 10_000;

/** `GET /calendars`: asks every provider, and updates the destination. Cached for 10 s. */
export function listCalendars(state: State, userId: number): CalendarList {
  const cached = state.calendarCache.get(userId);
  if (cached && cached.until > state.clock.now()) return cached.value as CalendarList;
  const connectedCalendars = [
    ...state.delegations
      .filter((delegation) => delegation.userId === userId)
      .map((delegation) => delegatedEntry(state, delegation)),
    ...credentialsOf(state, userId).map((credential) => credentialEntry(state, credential)),
  ];
  const value = { connectedCalendars, destinationCalendar: destinationOf(state, userId, connectedCalendars) };
  cacheCalendars(state, userId, value);
  return value;
}

export function cacheCalendars(state: State, userId: number, value: CalendarList): void {
  state.calendarCache.set(userId, { value, until: state.clock.now() + CACHE_MS });
}

/** What an entry's calendars are read with. */
type Source = Pick<Credential, "userId" | "type" | "account" | "urls"> &
  Pick<CalendarOutput, "credentialId" | "delegationCredentialId">;

function credentialEntry(state: State, credential: Credential): Connected {
  const source: Source = { ...credential, credentialId: credential.id, delegationCredentialId: null };
  return entryOf(state, source, failureOf(state, credential));
}

function delegatedEntry(state: State, delegation: Delegation): Connected {
  const source: Source = {
    ...delegation,
    urls: [],
    credentialId: DELEGATED_CREDENTIAL_ID,
    delegationCredentialId: delegation.id,
  };
  const entry = entryOf(state, source, delegationFailureOf(state, delegation));
  return { ...entry, delegationCredentialId: delegation.id };
}

function entryOf(state: State, source: Source, failure: string | undefined): Connected {
  const { credentialId, delegationCredentialId } = source;
  const common = { integration: integrationOf(source.type).app, credentialId };
  if (failure !== undefined) return { ...common, error: { message: failure } };
  const calendars = calendarsOf(state, source);
  const primary = calendars.find((calendar) => calendar.primary) ?? calendars[0];
  if (!primary) return { ...common, error: { message: "No primary calendar found" } };
  return { ...common, delegationCredentialId, primary, calendars };
}

function calendarsOf(state: State, source: Source): CalendarOutput[] {
  const { type, userId, credentialId, delegationCredentialId } = source;
  const account = accountOf(state, source);
  const found =
    type === "ics-feed_calendar"
      ? source.urls.map((url) => ({ externalId: url, name: url, isPrimary: false, isReadOnly: true }))
      : (account?.calendars ?? []);
  return found.map(({ externalId, name, isPrimary, isReadOnly }) => ({
    externalId,
    integration: type,
    name,
    primary: isPrimary || null,
    readOnly: isReadOnly,
    ...emailOf(type, externalId, account),
    isSelected: state.selected.some(
      (row) => row.userId === userId && row.integration === type && row.externalId === externalId,
    ),
    credentialId,
    delegationCredentialId,
  }));
}

/** Google has an address for each calendar, the others one for each account. A feed has none. */
function emailOf(
  type: Credential["type"],
  externalId: string,
  account: Account | undefined,
): { email?: string } {
  if (type === "google_calendar") return { email: externalId };
  return account ? { email: account.email } : {};
}
