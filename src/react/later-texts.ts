import type { CalendarTexts } from "./calendar-texts.js";

/** The English texts of the parts that are loaded when they are shown. */
export const laterTexts = {
  brokenSince: "Not working since {date}.",
  cancel: "Cancel",
  confirm: "Disconnect {connection}? Its events will no longer be seen here.",
  confirmUnlink: "Unlink {account}? Your calendars stay at Cal.com, and will no longer be seen here.",
  linkAnyway: "Link anyway",
  linkBy: "Link it again by {date}. Your calendars can be read until then.",
  linkNow: "Link it again: your calendars can’t be read until then.",
  missingScopes: "Link it again and allow everything. Missing: {scopes}.",
  confirmReplace: "Link another Cal.com account in place of {account}?",
  confirmTakeOver: "Link this Cal.com account here? Its link to the other user ends.",
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
} satisfies Partial<CalendarTexts>;

/** The name of a text that a page does not load at once. */
export type LaterText = keyof typeof laterTexts;

/** The texts that a page loads at once, and all that the application has given. */
export type LoadedTexts = Omit<CalendarTexts, LaterText> & Partial<Pick<CalendarTexts, LaterText>>;

/** All texts, with those of the application in place of the English ones. */
export function allTexts({ texts }: { texts: LoadedTexts }): CalendarTexts {
  return { ...laterTexts, ...texts };
}
