import type { CalendarIntegrationError, CalendarIntegrationErrorCode, CalendarProvider } from "./types.js";

/**
 * Every text of {@link CalendarIntegration}. `{provider}` and `{account}` stand for a name. They are plain
 * strings, so that a server component can pass them on.
 */
export interface CalendarTexts {
  /** Names the whole of it to a screen reader. */
  label: string;
  providers: Record<CalendarProvider, string>;
  /** A provider's state; on a button, that it is at work. */
  loading: string;
  disconnected: string;
  connecting: string;
  connected: string;
  broken: string;
  /** Buttons. Screen readers hear the provider's or the account's name after them. */
  connect: string;
  reconnect: string;
  sync: string;
  disconnect: string;
  cancel: string;
  retry: string;
  /** Before Cal.com lists a new Apple account. */
  settling: string;
  /** The question before an account is disconnected. */
  confirm: string;
  /** What has worked. */
  didConnect: string;
  didSync: string;
  didDisconnect: string;
  /** Apple's form. */
  appleHelp: string;
  appleHelpUrl: string;
  appleUsername: string;
  applePassword: string;
  /** What went wrong and what to do, by code. `other` stands for every code that has no sentence. */
  errors: Partial<Record<CalendarIntegrationErrorCode, string>> & { other: string };
}

/** Texts to use in place of the English ones. What is left out stays English. */
export type PartialCalendarTexts = Partial<Omit<CalendarTexts, "providers" | "errors">> & {
  providers?: Partial<CalendarTexts["providers"]>;
  errors?: Partial<CalendarTexts["errors"]>;
};

const signedOut = "You are signed out. Sign in, then try again.";
const another = "This was started by another user or browser. Try again.";
const stale = "That took too long, or came twice. Try again.";
const notSaved = "Nothing new was connected. Try again and allow access.";
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
  sync: "Check now",
  disconnect: "Disconnect",
  cancel: "Cancel",
  retry: "Try again",
  settling: "Its calendars will show soon.",
  confirm: "Disconnect {account}? Its events will no longer be seen here.",
  didConnect: "{provider} is connected.",
  didSync: "{provider} works.",
  didDisconnect: "{account} is disconnected.",
  appleHelp: "How to make an app-specific password",
  appleHelpUrl: "https://support.apple.com/102654",
  appleUsername: "Apple Account (e-mail)",
  applePassword: "App-specific password",
  errors: {
    unauthenticated: signedOut,
    signed_out: signedOut,
    wrong_user: another,
    wrong_browser: another,
    expired_state: stale,
    used_state: stale,
    access_denied: notSaved,
    save_failed: notSaved,
    not_connected: notSaved,
    cal_user_gone: notSaved,
    try_again: "The old, revoked connection is removed. Connect {provider} once more.",
    not_rolled_back:
      "This was started by someone else, who may see the calendar you gave access to. Remove Cal.com’s access in your {provider} account.",
    revoked: "{provider} no longer gives access. Reconnect it.",
    invalid_credentials: "Apple did not accept this address and app-specific password. Check both.",
    provider_error: "{provider} can’t be read just now. Try later, or disconnect it and connect it again.",
    rate_limited: unreachable,
    network_error: unreachable,
    unavailable: unreachable,
    other: "Something went wrong. Try again later.",
  },
};

/** The English texts, with others in their place where there are any. */
export function withDefaults(texts: PartialCalendarTexts = {}): CalendarTexts {
  return {
    ...defaultTexts,
    ...texts,
    providers: { ...defaultTexts.providers, ...texts.providers },
    errors: { ...defaultTexts.errors, ...texts.errors },
  };
}

/** Puts the name that a text is about into it. */
export function fill(text: string, name: string): string {
  return text.replace(/\{\w+\}/g, () => name);
}

/** The sentence that tells a user what went wrong and what to do. */
export function describeError(
  { code, action, provider }: CalendarIntegrationError,
  texts?: PartialCalendarTexts,
): string {
  const { errors, providers } = withDefaults(texts);
  // Of a connection that was there, they mean that the provider rejects it, or can't be read.
  const key =
    code === "invalid_credentials" && action !== "connectApple"
      ? "revoked"
      : code === "unavailable" && action === "sync"
        ? "provider_error"
        : code;
  return fill(
    (Object.hasOwn(errors, key) && errors[key]) || errors.other,
    provider ? providers[provider] : "",
  );
}
