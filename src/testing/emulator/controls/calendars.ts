import type { EmulatorProvider } from "../model/accounts.js";
import {
  credentialsOf,
  forgetCalendars,
  removeCredential,
  selectCalendar,
  storeCredential,
} from "../model/credentials.js";
import { integrationOf, integrations } from "../model/integrations.js";
import type { Credential, State } from "../model/state.js";
import { adviceOnIds, assertFields, assertOneOf, assertUserId } from "../model/assert.js";

/** A connected account as Cal.com stores it. A copy. */
export interface EmulatedCredential {
  id: number;
  userId: number;
  provider: EmulatorProvider;
  /** `google_calendar`, `office365_calendar`, `apple_calendar` or `ics-feed_calendar`. */
  type: string;
  /** The account's address or user name. Empty for an ICS feed. */
  account: string;
  /** Cal.com has marked it invalid: `check` returns 400. */
  isInvalid: boolean;
  /** The provider rejects the tokens: `check` returns 401. */
  isRevoked: boolean;
}

/** Selects credentials of a user. */
export interface CredentialMatch {
  /** Cal.com's id of the user. */
  userId: number;
  provider?: EmulatorProvider | undefined;
  /** The account's address, or its part before the `@`. */
  account?: string | undefined;
  credentialId?: number | undefined;
}

/** Reads and changes connected calendars, without the API. */
export interface EmulatedCalendars {
  /** The user's credentials, oldest first, duplicates included. */
  credentials(calUserId: number): EmulatedCredential[];
  /** The user's selected calendars. */
  selected(calUserId: number): { integration: string; externalId: string; credentialId: number }[];
  /** Connects an account without a consent page. A new account is created. Returns the credential's id. */
  connect(calUserId: number, provider: "google" | "office365" | "apple", account: string): number;
  /**
   * Gives Cal.com access to an account by the organization's administrator, without a credential of the user: lists
   * show it with `credentialId: -1`. Returns its `delegationCredentialId`.
   */
  delegate(calUserId: number, provider: "google" | "office365", account: string): string;
  /** Marks credentials invalid, as Cal.com does after repeated failures: `check` returns 400. */
  invalidate(match: CredentialMatch): void;
  /** Reverses `invalidate`. */
  revalidate(match: CredentialMatch): void;
  /** Deletes credentials. Cached lists show them for up to 10 s. */
  remove(match: CredentialMatch): void;
}

/** @throws Error if no credential matches: the test would prove nothing. */
export function matchCredentials(state: State, control: string, match: CredentialMatch): Credential[] {
  assertFields(control, match, ["userId", "provider", "account", "credentialId"]);
  const { userId, provider, account, credentialId } = match;
  assertUserId(userId);
  if (provider !== undefined) assertOneOf(`${control}'s provider`, provider, Object.keys(integrations));
  const type = provider && integrations[provider].type;
  const found = credentialsOf(state, userId, type).filter(
    (credential) =>
      (credentialId === undefined || credential.id === credentialId) &&
      (account === undefined ||
        credential.account === account ||
        credential.account.startsWith(`${account}@`)),
  );
  if (found.length === 0) throw new Error(`User ${userId} has no such credential in the emulator.`);
  return found;
}

export function createCalendarControls(state: State): EmulatedCalendars {
  function requireUser(userId: number): void {
    if (state.users.has(userId)) return;
    throw new Error(`The emulator has no user with the id ${userId}. ${adviceOnIds}`);
  }

  function setInvalid(control: string, match: CredentialMatch, invalid: boolean): void {
    for (const credential of matchCredentials(state, control, match)) credential.invalid = invalid;
  }

  return {
    credentials(userId) {
      assertUserId(userId);
      return credentialsOf(state, userId).map(({ id, type, account, invalid, revoked }) => ({
        id,
        userId,
        provider: integrationOf(type).provider,
        type,
        account,
        isInvalid: invalid,
        isRevoked: revoked,
      }));
    },
    selected(userId) {
      assertUserId(userId);
      return state.selected
        .filter((row) => row.userId === userId)
        .map(({ integration, externalId, credentialId }) => ({ integration, externalId, credentialId }));
    },
    connect(userId, provider, name) {
      requireUser(userId);
      assertOneOf("calendars.connect", provider, ["google", "office365", "apple"]);
      const { email, password, calendars } = state.accounts.ensure(provider, name);
      const { type } = integrations[provider];
      const { id } = storeCredential(state, { userId, type, account: email, password });
      const primary = calendars.find((calendar) => calendar.isPrimary);
      if (primary) {
        const { externalId } = primary;
        selectCalendar(state, { userId, integration: type, externalId, credentialId: id });
      }
      forgetCalendars(state, userId);
      return id;
    },
    delegate(userId, provider, name) {
      requireUser(userId);
      assertOneOf("calendars.delegate", provider, ["google", "office365"]);
      const { email } = state.accounts.ensure(provider, name);
      const number = state.nextId("delegation").toString(16).padStart(12, "0");
      const id = `00000000-0000-4000-a000-${number}`;
      state.delegations.push({ id, userId, type: integrations[provider].type, account: email });
      forgetCalendars(state, userId);
      return id;
    },
    invalidate: (match) => setInvalid("calendars.invalidate", match, true),
    revalidate: (match) => setInvalid("calendars.revalidate", match, false),
    remove(match) {
      for (const credential of matchCredentials(state, "calendars.remove", match)) {
        removeCredential(state, credential);
      }
    },
  };
}
