import type { CalendarProvider } from "../browser/status.js";
import type { CalendarIntegrationError, CalendarIntegrationErrorCode, Optional } from "../browser/types.js";

/**
 * All texts of {@link CalendarIntegration} and {@link CalendarPicker}. `{provider}`, `{connection}`, `{account}` and
 * `{calendar}` are replaced by a name, `{scopes}` by names, `{selected}` and `{total}` by a number, `{date}` by a date. They
 * are plain strings, so that a server component can pass them to a client component.
 */
export interface CalendarTexts {
  /** The name of the component for screen readers. */
  label: string;
  providers: Record<CalendarProvider, string>;
  /** The state of a provider. `loading` is also the text of a button whose action is in progress. */
  loading: string;
  disconnected: string;
  connecting: string;
  connected: string;
  broken: string;
  /** Buttons. Screen readers read the name of the provider or connection after them. */
  connect: string;
  reconnect: string;
  another: string;
  sync: string;
  disconnect: string;
  cancel: string;
  retry: string;
  /** Shown until Cal.com lists a new Apple connection. */
  notListedYet: string;
  /** Since when a connection does not work. `{date}` is replaced by the date, in the form of the page's `lang`. */
  brokenSince: string;
  /** The question before a connection is disconnected. */
  confirm: string;
  /** Messages about a success. */
  didConnect: string;
  didSync: string;
  didDisconnect: string;
  /** The row of the user's own Cal.com account. `loading`, `connecting` and `connected` are its texts, too. */
  calAccount: string;
  notLinked: string;
  linkedAs: string;
  link: string;
  linkAgain: string;
  linkAnyway: string;
  unlink: string;
  /** Why it has to be linked again. `{date}` is until when calendars can be read; `linkNow`: they can't be read. */
  linkBy: string;
  linkNow: string;
  missingScopes: string;
  /** The questions before an account is unlinked, replaced by another, or taken from another user. */
  confirmUnlink: string;
  confirmReplace: string;
  confirmTakeOver: string;
  didLink: string;
  didUnlink: string;
  /** The calendar picker, for screen readers. */
  picker: string;
  /** Which calendar new bookings are written to. */
  destination: string;
  destinationHelp: string;
  noDestination: string;
  didSetDestination: string;
  /** Which calendars are checked for conflicts. */
  conflicts: string;
  conflictsHelp: string;
  /** Of one account, such as "3 of 5 calendars". */
  selectedCount: string;
  /** A calendar that bookings can't be written to. */
  readOnly: string;
  /** The field that finds a calendar among many. */
  filter: string;
  filterCount: string;
  /** The form for Apple's credentials. */
  appleHelp: string;
  appleHelpUrl: string;
  appleUsername: string;
  applePassword: string;
  /** What went wrong and what to do, by code. `other` is used for each code without a text. */
  errors: Optional<Record<CalendarIntegrationErrorCode, string>> & { other: string };
}

/** Texts that replace the English ones. Texts that are left out stay English. */
export type PartialCalendarTexts = Optional<Omit<CalendarTexts, "providers" | "errors">> & {
  providers?: Optional<CalendarTexts["providers"]> | undefined;
  errors?: Optional<CalendarTexts["errors"]> | undefined;
};

const signedOut = "You are signed out. Sign in, then try again.";
const another = "This was started by another user or browser. Try again.";
const tooLate = "That took too long, or came twice. Try again.";
const notSaved = "Nothing new was connected. Try again and allow access.";
const relink = "Link your Cal.com account again, and allow everything it asks for.";
const unreachable = "The calendar service can’t be reached just now. Try again in a moment.";

/** The English texts. */
export const defaultTexts: CalendarTexts = {
  label: "Calendars",
  providers: { google: "Google Calendar", office365: "Office 365", apple: "Apple Calendar" },
  loading: "One moment…",
  disconnected: "Not connected",
  connecting: "Connecting…",
  connected: "Connected",
  broken: "Needs reconnecting",
  connect: "Connect",
  reconnect: "Reconnect",
  another: "Add another account",
  sync: "Check now",
  disconnect: "Disconnect",
  cancel: "Cancel",
  retry: "Try again",
  brokenSince: "Not working since {date}.",
  notListedYet: "Its calendars will show soon.",
  confirm: "Disconnect {connection}? Its events will no longer be seen here.",
  didConnect: "{provider} is connected.",
  didSync: "{provider} works.",
  didDisconnect: "{connection} is disconnected.",
  calAccount: "Your Cal.com account",
  notLinked: "Not linked",
  linkedAs: "Linked as {account}",
  link: "Link",
  linkAgain: "Link again",
  linkAnyway: "Link anyway",
  unlink: "Unlink",
  linkBy: "Link it again by {date}. Your calendars can be read until then.",
  linkNow: "Link it again: your calendars can’t be read until then.",
  missingScopes: "Link it again and allow everything. Missing: {scopes}.",
  confirmUnlink: "Unlink {account}? Your calendars stay at Cal.com, and will no longer be seen here.",
  confirmReplace: "Link another Cal.com account in place of {account}?",
  confirmTakeOver: "Link this Cal.com account here? Its link to the other user ends.",
  didLink: "Your Cal.com account is linked.",
  didUnlink: "Your Cal.com account is no longer linked.",
  picker: "Your calendars in bookings",
  destination: "New bookings go to",
  destinationHelp: "They are written to this calendar.",
  noDestination: "Choose a calendar",
  didSetDestination: "New bookings go to {calendar}.",
  conflicts: "Checked for conflicts",
  conflictsHelp: "You are busy when one of these calendars is.",
  selectedCount: "{selected} of {total}",
  readOnly: "{calendar} (read-only)",
  filter: "Find a calendar",
  filterCount: "Calendars found: {total}",
  appleHelp: "How to make an app-specific password",
  appleHelpUrl: "https://support.apple.com/102654",
  appleUsername: "Apple Account (e-mail)",
  applePassword: "App-specific password",
  errors: {
    unauthenticated: signedOut,
    signed_out: signedOut,
    wrong_user: another,
    wrong_browser: another,
    expired_state: tooLate,
    used_state: tooLate,
    access_denied: notSaved,
    save_failed: notSaved,
    not_connected: notSaved,
    cal_user_gone: notSaved,
    try_again: "The old, revoked connection is removed. Connect {provider} once more.",
    not_rolled_back:
      "This was started by someone else, who may see the calendar you gave access to. Remove Cal.com’s access in your {provider} account.",
    different_account:
      "You chose another {provider} account. Choose the one to reconnect, or add another account.",
    read_only_calendar: "Bookings can’t be written to this calendar. Choose another one.",
    code_rejected: tooLate,
    account_changed: tooLate,
    different_cal_account: "This is not the Cal.com account that is linked. Nothing was changed.",
    cal_account_in_use: "Another user here has linked this Cal.com account. Nothing was changed.",
    team_account_not_supported: "A team can’t be linked. Choose yourself at Cal.com.",
    not_linked: relink,
    reauthorization_required: relink,
    missing_scope: relink,
    revoked: "{provider} no longer gives access. Reconnect it.",
    invalid_credentials: "Apple did not accept this address and app-specific password. Check both.",
    provider_error: "{provider} can’t be read just now. Try later, or disconnect it and connect it again.",
    rate_limited: unreachable,
    network_error: unreachable,
    unavailable: unreachable,
    other: "Something went wrong. Try again later.",
  },
};

/** The English texts, with the given ones in their place. */
export function withDefaults(texts: PartialCalendarTexts = {}): CalendarTexts {
  return {
    ...merge(defaultTexts, texts),
    providers: merge(defaultTexts.providers, texts.providers),
    errors: merge(defaultTexts.errors, texts.errors),
  };
}

function merge<Of extends object>(defaults: Of, given: object = {}): Of {
  const entries = Object.entries(given).filter(([, text]) => text !== undefined);
  return { ...defaults, ...Object.fromEntries(entries) };
}

/** Replaces the placeholders in a text: all of them with a name, or each with the value of its own name. */
export function fill(text: string, values: string | Record<string, string | number>): string {
  return text.replace(/\{(\w+)\}/g, (_, key: string) =>
    typeof values === "string" ? values : String(values[key] ?? ""),
  );
}

/** Returns the text that tells the user what went wrong and what to do. */
export function describeError(
  { code, action, provider }: CalendarIntegrationError,
  texts?: PartialCalendarTexts,
): string {
  const { errors, providers } = withDefaults(texts);
  // For an existing connection these codes mean that the provider rejects it, or can't be read.
  const key =
    code === "invalid_credentials" && action !== "connectApple"
      ? "revoked"
      : code === "unavailable" && action === "sync"
        ? "provider_error"
        : code;
  return fill(
    // Not Object.hasOwn(): Safari 15.3 has none.
    (Object.prototype.hasOwnProperty.call(errors, key) && errors[key]) || errors.other,
    provider ? providers[provider] : "",
  );
}
