import type {
  Account,
  ConsentProvider,
  EmulatorAccount,
  EmulatorEvent,
  EmulatorProvider,
} from "../model/accounts.js";
import { matchCredentials, type CredentialMatch } from "./calendars.js";
import { forgetCalendars } from "../model/calendars.js";
import { consentProviderAt } from "../consent/consent.js";
import type { State } from "../model/state.js";
import type { EmulatorFetch } from "../http/fetch.js";

/** What the user does on the consent page. */
export interface AuthorizeOptions {
  /** The account's address, or what stands before its `@`. Default: the first on the page. */
  account?: string;
  /** Presses Deny. */
  deny?: boolean;
  /** Presses Allow, but takes the tick off Google's calendars first. */
  withoutCalendarScope?: boolean;
}

/** Where the browser ends up. */
export interface AuthorizeResult {
  /** The first address that is not the emulator's; or the emulator's own, if the browser got stuck there. */
  redirectTo: string;
  /** The status that sent the browser there (301), or the error's. */
  status: number;
}

/** What the provider hands over, instead of the walk to Cal.com's callback. */
export interface AuthorizeStop {
  /** `null` after Deny. */
  code: string | null;
  state: string | null;
  /** Cal.com's callback, or whatever stood as `redirect_uri`, with everything in its query. */
  callbackUrl: string;
}

/** Plays the calendar providers: their consent pages, their accounts, their bad days. */
export interface EmulatedProviders {
  /**
   * Walks through consent as a browser would: the page, the provider's redirect, Cal.com's callback, and
   * on to the application.
   */
  authorize(
    authUrl: string,
    options?: AuthorizeOptions & { stopBeforeCallback?: false },
  ): Promise<AuthorizeResult>;
  /** Walks until the provider's redirect, for an application that takes `code` and `state` itself. */
  authorize(
    authUrl: string,
    options: AuthorizeOptions & { stopBeforeCallback: true },
  ): Promise<AuthorizeStop>;
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

const MAX_STEPS = 10;

function providerOf(authUrl: string): ConsentProvider {
  const provider = URL.canParse(authUrl) ? consentProviderAt(new URL(authUrl).pathname) : undefined;
  if (!provider) {
    throw new TypeError(
      "This is not an authUrl of this emulator's: it is what connectUrl() answers as authUrl.",
    );
  }
  return provider;
}

export function createProviderTools(state: State, fetch: EmulatorFetch): EmulatedProviders {
  const { accounts } = state;

  function accountOf(provider: EmulatorProvider, name: string): Account {
    const account = accounts.find(provider, name);
    if (account) return account;
    const known = accounts.list(provider).map(({ email }) => email);
    throw new Error(
      `The emulator has no ${provider} account ${name}. There are: ${known.join(", ") || "none"}.`,
    );
  }

  function setRevoked(match: CredentialMatch, revoked: boolean): void {
    for (const credential of matchCredentials(state, match)) credential.revoked = revoked;
    forgetCalendars(state, match.userId);
  }

  /** From the page to the address the provider sends the browser to. */
  async function decide(authUrl: string, options: AuthorizeOptions): Promise<URL> {
    const provider = providerOf(authUrl);
    const account =
      options.account === undefined ? accounts.list(provider)[0] : accountOf(provider, options.account);
    const form = new URLSearchParams({
      account: account?.email ?? "",
      decision: options.deny ? "deny" : "allow",
      ...(!options.withoutCalendarScope && { calendars: "yes" }),
    });
    const response = await fetch(authUrl, { method: "POST", body: form, redirect: "manual" });
    const location = response.headers.get("location");
    if (location === null)
      throw new Error(`The consent page answered ${response.status}: is this an authUrl?`);
    return new URL(location);
  }

  async function authorize(
    authUrl: string,
    options: AuthorizeOptions & { stopBeforeCallback: true },
  ): Promise<AuthorizeStop>;
  async function authorize(authUrl: string, options?: AuthorizeOptions): Promise<AuthorizeResult>;
  async function authorize(
    authUrl: string,
    options: AuthorizeOptions & { stopBeforeCallback?: boolean } = {},
  ): Promise<AuthorizeResult | AuthorizeStop> {
    let at = await decide(authUrl, options);
    const { origin } = new URL(authUrl);
    if (options.stopBeforeCallback) {
      const { searchParams: query, href } = at;
      return { code: query.get("code"), state: query.get("state"), callbackUrl: href };
    }
    let status = 302;
    for (let step = 0; at.origin === origin && step < MAX_STEPS; step++) {
      const response = await fetch(at, { redirect: "manual" });
      status = response.status;
      const location = response.headers.get("location");
      // Without anything in it, there is nowhere to go.
      if (!location) break;
      at = new URL(location, at);
    }
    return { redirectTo: at.href, status };
  }

  return {
    authorize,
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
      const account = accountOf(provider, name);
      const primary = account.calendars.find((calendar) => calendar.isPrimary) ?? account.calendars[0];
      const id = event.id ?? `event${state.nextId("event")}`;
      account.events.push({ calendarId: primary?.externalId ?? "", ...event, id });
      return id;
    },
    events: (provider, name) => structuredClone(accountOf(provider, name).events),
  };
}
