import type { CalendarProvider } from "../browser/status.js";
import type { CalendarIntegrationErrorCode, Optional } from "../browser/types.js";

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
