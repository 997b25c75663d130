import {
  requireAccount,
  type ConsentProvider,
  type EmulatorAccount,
  type EmulatorEvent,
  type EmulatorProvider,
} from "../model/accounts.js";
import { forgetCalendars } from "../model/credentials.js";
import { integrations } from "../model/integrations.js";
import type { State } from "../model/state.js";
import { assertFields, assertOneOf } from "../model/assert.js";
import { matchCredentials, type CredentialMatch } from "./calendars.js";

/** A provider with accounts. */
type AccountProvider = "google" | "office365" | "apple";

/** Controls the calendar providers: their accounts, revocations and outages. */
export interface ProviderControls {
  /**
   * The user has revoked Cal.com's access at the provider. `check` returns 401 and busy times 500; connecting again
   * changes nothing until the account is disconnected.
   */
  revoke(match: CredentialMatch): void;
  /** Reverses `revoke`. */
  restore(match: CredentialMatch): void;
  /**
   * An outage: the provider doesn't respond, for any user. `check` returns 401 and busy times 500. For Google the
   * message differs from that of a revocation, for Office 365 it doesn't.
   */
  break(provider: EmulatorProvider): void;
  /** Ends an outage. */
  repair(provider: EmulatorProvider): void;
  /** A single ICS feed can't be read. Saving it returns 400. */
  breakFeed(url: string): void;
  /** Reverses `breakFeed`. */
  repairFeed(url: string): void;
  /** Adds an account to the consent pages, or to Apple's valid passwords. */
  addAccount(provider: AccountProvider, account: string | EmulatorAccount): void;
  /**
   * Issues a consent code without a browser, for an application that passes `code` to `save` itself.
   *
   * @param options.account - default: the first account
   * @param options.withoutCalendarScope - the user has not granted access to Google's calendars: `save` returns 500
   */
  issueCode(
    provider: ConsentProvider,
    options?: { account?: string | undefined; withoutCalendarScope?: boolean | undefined },
  ): string;
  /** Adds an event to an account's calendar: busy times and events contain it. Returns its id. */
  addEvent(
    provider: AccountProvider,
    account: string,
    event: Omit<EmulatorEvent, "id"> & { id?: string | undefined },
  ): string;
  /** The events in an account's calendars. */
  events(provider: AccountProvider, account: string): EmulatorEvent[];
}

const providers = Object.keys(integrations);
const accountProviders = ["google", "office365", "apple"];
const eventFields = [
  "id",
  "title",
  "start",
  "end",
  "calendarId",
  "timeZone",
  "description",
  "status",
  "attendees",
];

export function createProviderControls(state: State): ProviderControls {
  const { accounts } = state;

  function setRevoked(control: string, match: CredentialMatch, revoked: boolean): void {
    for (const credential of matchCredentials(state, control, match)) credential.revoked = revoked;
    forgetCalendars(state, match.userId);
  }

  function setBroken(control: string, provider: EmulatorProvider, isBroken: boolean): void {
    assertOneOf(control, provider, providers);
    if (isBroken) accounts.broken.add(provider);
    else accounts.broken.delete(provider);
    state.calendarCache.clear();
  }

  function setFeedBroken(control: string, url: string, isBroken: boolean): void {
    if (!URL.canParse(url)) throw new TypeError(`${control} takes the URL of a feed.`);
    if (isBroken) accounts.brokenFeeds.add(url);
    else accounts.brokenFeeds.delete(url);
    state.calendarCache.clear();
  }

  return {
    revoke: (match) => setRevoked("provider.revoke", match, true),
    restore: (match) => setRevoked("provider.restore", match, false),
    break: (provider) => setBroken("provider.break", provider, true),
    repair: (provider) => setBroken("provider.repair", provider, false),
    breakFeed: (url) => setFeedBroken("provider.breakFeed", url, true),
    repairFeed: (url) => setFeedBroken("provider.repairFeed", url, false),
    addAccount(provider, account) {
      assertOneOf("provider.addAccount", provider, accountProviders);
      if (typeof account !== "string") {
        assertFields("provider.addAccount", account, ["email", "password", "calendars"]);
      }
      accounts.add(provider, account);
    },
    issueCode(provider, options = {}) {
      assertOneOf("provider.issueCode", provider, ["google", "office365"]);
      assertFields("provider.issueCode", options, ["account", "withoutCalendarScope"]);
      const name = options.account ?? accounts.list(provider)[0]?.email ?? "";
      const account = requireAccount(accounts, provider, name);
      return accounts.issueCode(provider, { account, hasCalendarScope: !options.withoutCalendarScope });
    },
    addEvent(provider, name, event) {
      assertOneOf("provider.addEvent", provider, accountProviders);
      assertFields("provider.addEvent", event, eventFields);
      const account = requireAccount(accounts, provider, name);
      const primary = account.calendars.find((calendar) => calendar.isPrimary) ?? account.calendars[0];
      const id = event.id ?? `event${state.nextId("event")}`;
      account.events.push({ ...event, calendarId: event.calendarId ?? primary?.externalId ?? "", id });
      return id;
    },
    events(provider, name) {
      assertOneOf("provider.events", provider, accountProviders);
      return structuredClone(requireAccount(accounts, provider, name).events);
    },
  };
}
