import type { EmulatorProvider } from "../model/accounts.js";
import {
  credentialsOf,
  forgetCalendars,
  removeCredential,
  selectCalendar,
  storeCredential,
} from "../model/calendars.js";
import { integrationOf, integrations } from "../model/integrations.js";
import type { Credential, State } from "../model/state.js";
import { adviceOnIds, assertUserId } from "./assert.js";

/** A connected calendar account, as Cal.com stores it. A copy. */
export interface EmulatedCredential {
  id: number;
  userId: number;
  provider: EmulatorProvider;
  /** `google_calendar`, `office365_calendar`, `apple_calendar` or `ics-feed_calendar`. */
  type: string;
  /** The account's address or user name; empty for an ICS feed. */
  account: string;
  /** Cal.com's own mark: `check` says 400. */
  isInvalid: boolean;
  /** The provider refuses the tokens: `check` says 401. */
  isRevoked: boolean;
}

/** Which credentials are meant. */
export interface CredentialMatch {
  /** The managed user's id at Cal.com. */
  userId: number;
  provider?: EmulatorProvider;
  credentialId?: number;
}

/** Looks behind the API at connected calendars, and changes them behind the application's back. */
export interface EmulatedCalendars {
  /** The user's credentials, oldest first: duplicates show here. */
  credentials(userId: number): EmulatedCredential[];
  /** The user's selected calendars. */
  selected(userId: number): { integration: string; externalId: string; credentialId: number }[];
  /** Connects an account, a new one if need be, without any consent page. Answers the credential's id. */
  connect(userId: number, provider: "google" | "office365" | "apple", account: string): number;
  /** Marks credentials invalid, as Cal.com does when it gives up on them: `check` says 400. */
  invalidate(match: CredentialMatch): void;
  /** Takes credentials away. A list that Cal.com keeps goes on showing them, for up to 10 s. */
  remove(match: CredentialMatch): void;
}

/** The credentials that are meant; an error if there are none, since a test would then test nothing. */
export function matchCredentials(
  state: State,
  { userId, provider, credentialId }: CredentialMatch,
): Credential[] {
  assertUserId(userId);
  const type = provider && integrations[provider].type;
  const found = credentialsOf(state, userId, type).filter(
    ({ id }) => credentialId === undefined || id === credentialId,
  );
  if (found.length === 0) throw new Error(`User ${userId} has no such credential in the emulator.`);
  return found;
}

export function createCalendarTools(state: State): EmulatedCalendars {
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
      if (!state.users.has(userId)) {
        throw new Error(`The emulator has no user with the id ${userId}. ${adviceOnIds}`);
      }
      const account = state.accounts.ensure(provider, name);
      const { type } = integrations[provider];
      const { id } = storeCredential(state, { userId, type, account: account.email });
      const primary = account.calendars.find((calendar) => calendar.isPrimary);
      if (primary) {
        selectCalendar(state, {
          userId,
          integration: type,
          externalId: primary.externalId,
          credentialId: id,
        });
      }
      forgetCalendars(state, userId);
      return id;
    },
    invalidate(match) {
      for (const credential of matchCredentials(state, match)) credential.invalid = true;
    },
    remove(match) {
      for (const credential of matchCredentials(state, match)) removeCredential(state, credential);
    },
  };
}
