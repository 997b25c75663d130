import {
  requireAccount,
  type EmulatorAccount,
  type EmulatorEvent,
  type EmulatorProvider,
} from "../model/accounts.js";
import { forgetCalendars } from "../model/calendars.js";
import type { State } from "../model/state.js";
import { matchCredentials, type CredentialMatch } from "./calendars.js";

/** Controls the calendar providers: their accounts, revocations and outages. */
export interface ProviderControls {
  /** The user has taken Cal.com's access away at the provider: `check` says 401, busy times 500. */
  revoke(match: CredentialMatch): void;
  /** Takes `revoke` back. */
  restore(match: CredentialMatch): void;
  /** The provider doesn't answer, for anyone. */
  break(provider: EmulatorProvider): void;
  /** Takes `break` back. */
  repair(provider: EmulatorProvider): void;
  /** Another account for the consent pages, or for Apple's passwords. */
  addAccount(provider: "google" | "office365" | "apple", account: string | EmulatorAccount): void;
  /** Puts an entry into an account's calendar, where busy times and events find it. Answers its id. */
  addEvent(
    provider: "google" | "office365" | "apple",
    account: string,
    event: Omit<EmulatorEvent, "id"> & { id?: string },
  ): string;
  /** What is in an account's calendars. */
  events(provider: "google" | "office365" | "apple", account: string): EmulatorEvent[];
}

export function createProviderControls(state: State): ProviderControls {
  const { accounts } = state;

  function setRevoked(match: CredentialMatch, revoked: boolean): void {
    for (const credential of matchCredentials(state, match)) credential.revoked = revoked;
    forgetCalendars(state, match.userId);
  }

  return {
    revoke: (match) => setRevoked(match, true),
    restore: (match) => setRevoked(match, false),
    break: (provider) => {
      accounts.broken.add(provider);
      state.calendarCache.clear();
    },
    repair: (provider) => {
      accounts.broken.delete(provider);
      state.calendarCache.clear();
    },
    addAccount: (provider, account) => void accounts.add(provider, account),
    addEvent(provider, name, event) {
      const account = requireAccount(accounts, provider, name);
      const primary = account.calendars.find((calendar) => calendar.isPrimary) ?? account.calendars[0];
      const id = event.id ?? `event${state.nextId("event")}`;
      account.events.push({ calendarId: primary?.externalId ?? "", ...event, id });
      return id;
    },
    events: (provider, name) => structuredClone(requireAccount(accounts, provider, name).events),
  };
}
