import type { Account } from "./accounts.js";
import { integrationOf, type Integration } from "./integrations.js";
import type { Credential, CredentialType, Destination, State } from "./state.js";

/** A calendar as `GET /calendars` shows it. */
export interface CalendarOutput {
  externalId: string;
  integration: string;
  name: string;
  primary: true | null;
  readOnly: boolean;
  email?: string;
  isSelected: boolean;
  credentialId: number;
  delegationCredentialId: null;
}

interface Connected {
  integration: Record<string, unknown>;
  credentialId: number;
  delegationCredentialId?: null;
  primary?: CalendarOutput;
  calendars?: CalendarOutput[];
  error?: { message: string };
}

export interface CalendarList {
  connectedCalendars: Connected[];
  destinationCalendar: Record<string, unknown>;
}

const CACHE_MS = 10_000;
const OUTAGE = "Could not get connected calendars";

export function credentialsOf(state: State, userId: number, type?: CredentialType): Credential[] {
  return [...state.credentials.values()].filter(
    (credential) => credential.userId === userId && (type === undefined || credential.type === type),
  );
}

/** The account behind a credential; an ICS feed has none. */
export function accountOf(state: State, credential: Credential): Account | undefined {
  return state.accounts.find(integrationOf(credential.type).provider, credential.account);
}

/** Whether the provider gives Cal.com anything with this credential. Says nothing of Cal.com's own mark. */
export function isUsable(state: State, credential: Credential): boolean {
  return !credential.revoked && !state.accounts.broken.has(integrationOf(credential.type).provider);
}

/** `GET /calendars`: asks every provider, and puts the destination right as it goes. Kept for 10 s. */
export function listCalendars(state: State, userId: number): CalendarList {
  const cached = state.calendarCache.get(userId);
  if (cached && cached.until > state.clock.now()) return cached.value as CalendarList;
  const connectedCalendars = credentialsOf(state, userId).map((credential) => connectedOf(state, credential));
  const value = { connectedCalendars, destinationCalendar: destinationOf(state, userId, connectedCalendars) };
  state.calendarCache.set(userId, { value, until: state.clock.now() + CACHE_MS });
  return value;
}

function connectedOf(state: State, credential: Credential): Connected {
  const integration = integrationOf(credential.type);
  const common = { integration: integration.app, credentialId: credential.id };
  // An outage, which Cal.com reports in the same words as a revocation at Microsoft or Apple.
  if (state.accounts.broken.has(integration.provider)) return { ...common, error: { message: OUTAGE } };
  if (!isUsable(state, credential)) return { ...common, error: { message: integration.refused } };
  const calendars = calendarsOf(state, credential, integration);
  const primary = calendars.find((calendar) => calendar.primary) ?? calendars[0];
  if (!primary) return { ...common, error: { message: "No primary calendar found" } };
  return { ...common, delegationCredentialId: null, primary, calendars };
}

function calendarsOf(
  state: State,
  credential: Credential,
  { type, provider }: Integration,
): CalendarOutput[] {
  const account = accountOf(state, credential);
  const found =
    provider === "ics-feed"
      ? credential.urls.map((url) => ({ externalId: url, name: url, isPrimary: false, isReadOnly: true }))
      : (account?.calendars ?? []);
  return found.map(({ externalId, name, isPrimary, isReadOnly }) => ({
    externalId,
    integration: type,
    name,
    primary: isPrimary || null,
    readOnly: isReadOnly,
    ...emailOf(provider, externalId, account),
    isSelected: state.selected.some(
      (row) => row.userId === credential.userId && row.integration === type && row.externalId === externalId,
    ),
    credentialId: credential.id,
    delegationCredentialId: null,
  }));
}

/** Google gives every calendar an address, Microsoft every account; iCloud and feeds give none. */
function emailOf(provider: string, externalId: string, account: Account | undefined): { email?: string } {
  if (provider === "google") return { email: externalId };
  return provider === "office365" && account ? { email: account.email } : {};
}

/**
 * The calendar that new events go to. Made with the first list; pointed at the first primary calendar if
 * the one it was at is gone, and at nothing (`""`) if there is none.
 */
function destinationOf(state: State, userId: number, connected: Connected[]): Record<string, unknown> {
  if (connected.length === 0) {
    state.destinations.delete(userId);
    return {};
  }
  const primary = connected.find((entry) => entry.primary)?.primary;
  const now = state.clock.now();
  const row = state.destinations.get(userId);
  if (!row) {
    if (!primary) return {};
    const made: Destination = {
      id: state.nextId("destination"),
      userId,
      integration: primary.integration,
      externalId: primary.externalId,
      primaryEmail: primary.email ?? null,
      credentialId: primary.credentialId,
      createdAt: now,
      updatedAt: now,
    };
    state.destinations.set(userId, made);
    return destinationOutput(made);
  }
  const at = findCalendar(connected, row.integration, row.externalId);
  if (at) return { ...destinationOutput(row), ...extrasOf(at) };
  Object.assign(row, {
    integration: primary?.integration ?? "",
    externalId: primary?.externalId ?? "",
    credentialId: primary?.credentialId ?? row.credentialId,
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
    delegationCredentialId: null,
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

export function findCalendar(
  connected: Connected[],
  integration: string,
  externalId: string,
): CalendarOutput | undefined {
  return connected
    .flatMap((entry) => entry.calendars ?? [])
    .find((calendar) => calendar.integration === integration && calendar.externalId === externalId);
}

/** Forgets the kept list: what connecting, disconnecting and choosing do. */
export function forgetCalendars(state: State, userId: number): void {
  state.calendarCache.delete(userId);
}

/** Adds a credential, or gives an old one new tokens. */
export function storeCredential(
  state: State,
  given: Pick<Credential, "userId" | "type" | "account"> & Partial<Pick<Credential, "urls" | "readOnly">>,
): Credential {
  const credential: Credential = {
    id: state.nextId("credential"),
    urls: [],
    readOnly: false,
    ...given,
    invalid: false,
    revoked: false,
  };
  state.credentials.set(credential.id, credential);
  return credential;
}

/** Takes a credential away, with what hangs on it. */
export function removeCredential(state: State, credential: Credential): void {
  state.credentials.delete(credential.id);
  state.selected = state.selected.filter((row) => row.credentialId !== credential.id);
  const destination = state.destinations.get(credential.userId);
  if (destination?.credentialId === credential.id) state.destinations.delete(credential.userId);
}

/** Selects a calendar. Answers whether it wasn't already. */
export function selectCalendar(
  state: State,
  row: { userId: number; integration: string; externalId: string; credentialId: number },
): boolean {
  const existing = state.selected.find(
    ({ userId, integration, externalId }) =>
      userId === row.userId && integration === row.integration && externalId === row.externalId,
  );
  if (existing) {
    existing.credentialId = row.credentialId;
    return false;
  }
  state.selected.push(row);
  return true;
}

/** A credential as the API shows it after saving or removing it. */
export function credentialOutput({ id, type, userId, invalid }: Credential): Record<string, unknown> {
  return { id, type, userId, teamId: null, appId: integrationOf(type).slug, invalid };
}
