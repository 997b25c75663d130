import type { EmulatorClock } from "./clock.js";

/** A provider of calendars, as the emulator plays it. */
export type EmulatorProvider = "google" | "office365" | "apple" | "ics-feed";

/** A provider whose consent page a browser visits. */
export type ConsentProvider = "google" | "office365";

/** One calendar of a provider's account. */
export interface EmulatorCalendar {
  externalId: string;
  name: string;
  isPrimary?: boolean;
  isReadOnly?: boolean;
}

/** An account at a provider. */
export interface EmulatorAccount {
  /** Its address. For Apple: its user name. */
  email: string;
  /** Apple's app password. */
  password?: string;
  /** Default: a primary calendar and a second one. Without a primary one, Cal.com saves nothing at all. */
  calendars?: EmulatorCalendar[];
}

/** Which accounts the consent pages offer, and which Apple passwords are right. */
export interface EmulatorAccounts {
  google?: (string | EmulatorAccount)[];
  office365?: (string | EmulatorAccount)[];
  apple?: { username: string; password: string }[];
}

/** An entry in an account's calendar. */
export interface EmulatorEvent {
  id: string;
  title: string;
  /** ISO 8601. */
  start: string;
  /** ISO 8601. */
  end: string;
  /** Default: the primary calendar. */
  calendarId?: string;
  timeZone?: string;
  description?: string | null;
  status?: string;
  attendees?: { email: string; name?: string; responseStatus?: string | null }[];
}

export interface Account {
  readonly email: string;
  readonly password: string | undefined;
  readonly calendars: Required<EmulatorCalendar>[];
  readonly events: (EmulatorEvent & { calendarId: string; endTimeZone?: string })[];
}

interface Consent {
  account: Account;
  /** On Google's page a user can take the calendars' tick away and still press Allow. */
  hasCalendarScope: boolean;
}

export interface Accounts {
  /** Providers that don't answer at the moment. */
  readonly broken: Set<EmulatorProvider>;
  list(provider: EmulatorProvider): Account[];
  /** By address, or by what stands before the `@`. */
  find(provider: EmulatorProvider, name: string): Account | undefined;
  add(provider: EmulatorProvider, account: string | EmulatorAccount): Account;
  /** As `find`; makes an account if there is none. */
  ensure(provider: EmulatorProvider, name: string): Account;
  issueCode(provider: ConsentProvider, consent: Consent): string;
  /** What a code stands for, once; `undefined` for one that the provider doesn't know. */
  redeem(provider: ConsentProvider, code: string): Consent | undefined;
}

const CODE_LIFE_MS = 10 * 60_000;

const defaults: Required<EmulatorAccounts> = {
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
  const codes = new Map<string, Consent & { provider: ConsentProvider; until: number }>();
  const broken = new Set<EmulatorProvider>();
  let issued = 0;

  const self: Accounts = {
    broken,
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
          isPrimary: false,
          isReadOnly: false,
          ...calendar,
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
      codes.set(code, { ...consent, provider, until: clock.now() + CODE_LIFE_MS });
      return code;
    },
    redeem(provider, code) {
      if (broken.has(provider)) return undefined;
      const name = /^good:(.+)$/.exec(code)?.[1];
      if (name !== undefined) {
        return { account: self.ensure(provider, name), hasCalendarScope: true };
      }
      const found = codes.get(code);
      if (found?.provider !== provider || found.until <= clock.now()) return undefined;
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
    // Microsoft's ids say nothing of the account.
    const id = `AQMkAD-${email.split("@")[0] ?? ""}`;
    return [
      { externalId: `${id}-primary`, name: "Calendar", isPrimary: true },
      { externalId: `${id}-birthdays`, name: "Birthdays", isReadOnly: true },
    ];
  }
  // iCloud names no calendar as the primary one.
  const home = `https://caldav.icloud.example/${encodeURIComponent(email)}/calendars`;
  return [
    { externalId: `${home}/home/`, name: "Home" },
    { externalId: `${home}/work/`, name: "Work" },
  ];
}
