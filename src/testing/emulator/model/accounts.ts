import type { EmulatorClock } from "./clock.js";

/** A calendar provider that the emulator plays. */
export type EmulatorProvider = "google" | "office365" | "apple" | "ics-feed";

/** A provider with a consent page. */
export type ConsentProvider = "google" | "office365";

/** One calendar of a provider's account. */
export interface EmulatorCalendar {
  externalId: string;
  name: string;
  isPrimary?: boolean | undefined;
  isReadOnly?: boolean | undefined;
}

/** The type with every property given. Unlike with `Required`, none may be `undefined`. */
export type Defined<Of> = { [Key in keyof Of]-?: Exclude<Of[Key], undefined> };

/** An account at a provider. */
export interface EmulatorAccount {
  /** The account's address. For Apple: its user name. */
  email: string;
  /** Apple's app-specific password. */
  password?: string | undefined;
  /**
   * Without a primary calendar, Cal.com does not save the account.
   *
   * @defaultValue a primary calendar and a second one
   */
  calendars?: EmulatorCalendar[] | undefined;
}

/** The accounts of the consent pages, and Apple's valid passwords. */
export interface EmulatorAccounts {
  google?: (string | EmulatorAccount)[] | undefined;
  office365?: (string | EmulatorAccount)[] | undefined;
  apple?: { username: string; password: string }[] | undefined;
}

/** An event in an account's calendar. */
export interface EmulatorEvent {
  id: string;
  title: string;
  /** ISO 8601. */
  start: string;
  /** ISO 8601. */
  end: string;
  /** @defaultValue the primary calendar */
  calendarId?: string | undefined;
  timeZone?: string | undefined;
  description?: string | null | undefined;
  status?: string | undefined;
  attendees?:
    | {
        email: string;
        name?: string | undefined;
        responseStatus?: string | undefined | null;
      }[]
    | undefined;
}

export interface Account {
  readonly email: string;
  readonly password: string | undefined;
  readonly calendars: Defined<EmulatorCalendar>[];
  readonly events: (EmulatorEvent & { calendarId: string; endTimeZone?: string })[];
}

interface Consent {
  account: Account;
  /** Google's page lets a user press Allow without granting access to calendars. */
  hasCalendarScope: boolean;
}

export interface Accounts {
  /** Providers that don't respond at present. */
  readonly broken: Set<EmulatorProvider>;
  /** URLs of feeds that can't be read at present. */
  readonly brokenFeeds: Set<string>;
  list(provider: EmulatorProvider): Account[];
  /** Finds an account by its address, or by the part before the `@`. */
  find(provider: EmulatorProvider, name: string): Account | undefined;
  add(provider: EmulatorProvider, account: string | EmulatorAccount): Account;
  /** Finds an account as `find` does, or adds it. */
  ensure(provider: EmulatorProvider, name: string): Account;
  issueCode(provider: ConsentProvider, consent: Consent): string;
  /** Redeems a code, which works once. Returns `undefined` if the provider rejects it. */
  redeem(provider: ConsentProvider, code: string): Consent | undefined;
}

const MAX_CODE_AGE_MS = 10 * 60_000;

const defaults: Defined<EmulatorAccounts> = {
  google: [
    "alice@gmail.example",
    "carol@gmail.example",
    { email: "nocalendar@gmail.example", calendars: [] },
  ],
  office365: [
    "bob@outlook.example",
    "erin@outlook.example",
    { email: "nocalendar@outlook.example", calendars: [] },
  ],
  apple: [{ username: "dave@icloud.example", password: "good-app-pass" }],
};

export function createAccounts(options: EmulatorAccounts = {}, clock: EmulatorClock): Accounts {
  const accounts: Record<EmulatorProvider, Account[]> = {
    google: [],
    office365: [],
    apple: [],
    "ics-feed": [],
  };
  const codes = new Map<string, Consent & { provider: ConsentProvider; expiresAt: number }>();
  const broken = new Set<EmulatorProvider>();
  let issued = 0;

  const self: Accounts = {
    broken,
    brokenFeeds: new Set(),
    list: (provider) => accounts[provider],
    find: (provider, name) =>
      accounts[provider].find(({ email }) => email === name) ??
      accounts[provider].find(({ email }) => email.startsWith(`${name}@`)),
    add(provider, input) {
      const { email, password, calendars } = typeof input === "string" ? { email: input } : { ...input };
      const account: Account = {
        email,
        password,
        calendars: (calendars ?? calendarsOf(provider, email)).map((calendar) => ({
          ...calendar,
          isPrimary: calendar.isPrimary ?? false,
          isReadOnly: calendar.isReadOnly ?? false,
        })),
        events: [],
      };
      accounts[provider].push(account);
      return account;
    },
    ensure: (provider, name) => self.find(provider, name) ?? self.add(provider, addressOf(provider, name)),
    issueCode(provider, consent) {
      const prefix = provider === "google" ? "4/0AemulatorCode" : "M.C5emulatorCode";
      const code = `${prefix}-${String(++issued).padStart(6, "0")}-${consent.account.email.split("@")[0] ?? ""}`;
      codes.set(code, { ...consent, provider, expiresAt: clock.now() + MAX_CODE_AGE_MS });
      return code;
    },
    redeem(provider, code) {
      if (broken.has(provider)) return undefined;
      const name = /^good:(.+)$/.exec(code)?.[1];
      if (name !== undefined) {
        return { account: self.ensure(provider, name), hasCalendarScope: true };
      }
      const found = codes.get(code);
      if (found?.provider !== provider || found.expiresAt <= clock.now()) return undefined;
      codes.delete(code);
      return found;
    },
  };

  for (const account of options.google ?? defaults.google) self.add("google", account);
  for (const account of options.office365 ?? defaults.office365) self.add("office365", account);
  for (const { username, password } of options.apple ?? defaults.apple) {
    self.add("apple", { email: username, password });
  }
  return self;
}

/** @throws Error that names the existing accounts, if there is no such account. */
export function requireAccount(accounts: Accounts, provider: EmulatorProvider, name: string): Account {
  const account = accounts.find(provider, name);
  if (account) return account;
  const known = accounts.list(provider).map(({ email }) => email);
  throw new Error(
    `The emulator has no ${provider} account ${name}. There are: ${known.join(", ") || "none"}.`,
  );
}

/** Whether Cal.com can read a feed. A host below `.invalid` never exists (RFC 6761, section 6.4). */
export function isFeedReadable({ broken, brokenFeeds }: Accounts, url: string): boolean {
  return !broken.has("ics-feed") && !brokenFeeds.has(url) && !/(^|\.)invalid$/.test(new URL(url).hostname);
}

function addressOf(provider: EmulatorProvider, name: string): string {
  const domain = provider === "google" ? "gmail" : provider === "office365" ? "outlook" : "icloud";
  return name.includes("@") ? name : `${name}@${domain}.example`;
}

function calendarsOf(provider: EmulatorProvider, email: string): EmulatorCalendar[] {
  if (provider === "google") {
    return [
      { externalId: email, name: email, isPrimary: true },
      { externalId: "team_cal@group.calendar.google.com", name: "Team" },
    ];
  }
  if (provider === "office365") {
    // Microsoft's ids don't contain the account's address.
    const id = `AQMkAD-${email.split("@")[0] ?? ""}`;
    return [
      { externalId: `${id}-primary`, name: "Calendar", isPrimary: true },
      { externalId: `${id}-birthdays`, name: "Birthdays", isReadOnly: true },
    ];
  }
  // iCloud has no primary calendar.
  const home = `https://caldav.icloud.example/${encodeURIComponent(email)}/calendars`;
  return [
    { externalId: `${home}/home/`, name: "Home" },
    { externalId: `${home}/work/`, name: "Work" },
  ];
}
