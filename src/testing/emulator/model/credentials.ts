import { isFeedReadable, type Account } from "./accounts.js";
import { integrationOf, UNREACHABLE } from "./integrations.js";
import type { Credential, CredentialType, Delegation, State } from "./state.js";

export function credentialsOf(state: State, userId: number, type?: CredentialType): Credential[] {
  return [...state.credentials.values()].filter(
    (credential) => credential.userId === userId && (type === undefined || credential.type === type),
  );
}

/** The account behind a credential. An ICS feed has none. */
export function accountOf(
  state: State,
  { type, account }: Pick<Credential, "type" | "account">,
): Account | undefined {
  return state.accounts.find(integrationOf(type).provider, account);
}

/**
 * Why Cal.com can't read the calendars of a credential, or `undefined` if it can. Independent of Cal.com's own
 * mark.
 */
export function failureOf(state: State, credential: Credential): string | undefined {
  const { provider, revoked } = integrationOf(credential.type);
  if (state.accounts.broken.has(provider)) return UNREACHABLE;
  if (credential.revoked) return revoked;
  const isRejected =
    provider === "apple"
      ? credential.password !== accountOf(state, credential)?.password
      : credential.urls.some((url) => !isFeedReadable(state.accounts, url));
  return isRejected ? UNREACHABLE : undefined;
}

/** As `failureOf`, for delegated access: it fails with the provider only. */
export function delegationFailureOf(state: State, { type }: Delegation): string | undefined {
  return state.accounts.broken.has(integrationOf(type).provider) ? UNREACHABLE : undefined;
}

/** Discards the cached list: connecting, disconnecting and selecting do. */
export function forgetCalendars(state: State, userId: number): void {
  state.calendarCache.delete(userId);
}

export function storeCredential(
  state: State,
  given: Pick<Credential, "userId" | "type" | "account"> &
    Partial<Pick<Credential, "password" | "urls" | "readOnly">>,
): Credential {
  const credential: Credential = {
    id: state.nextId("credential"),
    password: undefined,
    urls: [],
    readOnly: false,
    ...given,
    invalid: false,
    revoked: false,
  };
  state.credentials.set(credential.id, credential);
  return credential;
}

/** Removes a credential, with its selected calendars and the destination in it. */
export function removeCredential(state: State, credential: Credential): void {
  state.credentials.delete(credential.id);
  state.selected = state.selected.filter((row) => row.credentialId !== credential.id);
  const destination = state.destinations.get(credential.userId);
  if (destination?.credentialId === credential.id) state.destinations.delete(credential.userId);
}

/** Selects a calendar. Returns whether it was not selected before. */
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

/** A credential in the responses of saving and disconnecting. */
export function credentialOutput({ id, type, userId, invalid }: Credential): Record<string, unknown> {
  return { id, type, userId, teamId: null, appId: integrationOf(type).slug, invalid };
}
