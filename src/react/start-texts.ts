import type { CalendarTexts } from "./calendar-texts.js";
import type { LaterText } from "./later-texts.js";

const signedOut = "You are signed out. Sign in, then try again.";
const another = "This was started by another user or browser. Try again.";
const tooLate = "That took too long, or came twice. Try again.";
const notSaved = "Nothing new was connected. Try again and allow access.";
const relink = "Link your Cal.com account again, and allow everything.";
const unreachable = "The calendar service can’t be reached. Try again in a moment.";

/** The English texts of what a page loads at once. */
export const startTexts: Omit<CalendarTexts, LaterText> = {
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
  retry: "Try again",
  notListedYet: "Its calendars will show soon.",
  didConnect: "{provider} is connected.",
  didSync: "{provider} works.",
  didDisconnect: "{connection} is disconnected.",
  calAccount: "Your Cal.com account",
  notLinked: "Not linked",
  linkedAs: "Linked as {account}",
  link: "Link",
  linkAgain: "Link again",
  unlink: "Unlink",
  didLink: "Your Cal.com account is linked.",
  didUnlink: "Your Cal.com account is unlinked.",
  errors: {
    unauthenticated: signedOut,
    signed_out: signedOut,
    wrong_user: another,
    wrong_browser: another,
    expired_state: tooLate,
    used_state: tooLate,
    access_denied: notSaved,
    save_failed: notSaved,
    not_connected:
      "Nothing new was connected. Try again and allow access, unless this account is connected already.",
    cal_user_gone: notSaved,
    try_again: "The old, revoked connection is removed. Connect {provider} once more.",
    not_rolled_back:
      "Someone else started this, and may see the calendar you gave access to. Remove Cal.com’s access in your {provider} account.",
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
    provider_error: "{provider} can’t be read. Try again later, or disconnect it and connect it again.",
    rate_limited: unreachable,
    network_error: unreachable,
    unavailable: unreachable,
    other: "Something went wrong. Try again later.",
  },
};
