import type { IntegrationType } from "../api/endpoints/calendar-list.js";
import type { CalendarProvider, OAuthProvider } from "../api/endpoints/calendars.js";
import { CalValidationError } from "../errors.js";

/** A provider whose connections can be ended. */
export type DisconnectableProvider = CalendarProvider | "ics-feed";

/** What calbridge knows of a provider. */
export interface Provider {
  /** Cal.com's name of the integration. */
  integration: IntegrationType;
  /** What people call it. */
  label: string;
  /** Whether users connect it on a consent page. */
  isOAuth: boolean;
  /** Whether its consent page takes one value of `prompt` only. */
  isPromptSingle: boolean;
  /** Whether Cal.com has a `check` for it under the provider's own name. */
  isCheckable: boolean;
  /** Whether the ids of its calendars are secret: the id of an ICS feed is its address. */
  hasSecretIds: boolean;
}

/** The one table of providers. */
export const providers: Readonly<Record<DisconnectableProvider, Provider>> = {
  google: provider("google_calendar", "Google Calendar", { isOAuth: true }),
  office365: provider("office365_calendar", "Office 365", { isOAuth: true, isPromptSingle: true }),
  apple: provider("apple_calendar", "Apple Calendar"),
  "ics-feed": provider("ics-feed_calendar", "ICS feed", { isCheckable: false, hasSecretIds: true }),
};

function provider(integration: IntegrationType, label: string, traits: Partial<Provider> = {}): Provider {
  const defaults = { isOAuth: false, isPromptSingle: false, isCheckable: true, hasSecretIds: false };
  return { integration, label, ...defaults, ...traits };
}

const names = Object.keys(providers) as DisconnectableProvider[];

/** Providers that users connect on a consent page. */
export const oauthProviders = names.filter((name): name is OAuthProvider => providers[name].isOAuth);
/** Providers whose connection can be checked. */
export const calendarProviders = names.filter(
  (name): name is CalendarProvider => providers[name].isCheckable,
);
/** Providers whose connections can be ended. */
export const disconnectableProviders: readonly DisconnectableProvider[] = names;

/** The provider of one of Cal.com's integrations; `undefined` for an integration that calbridge doesn't know. */
export function providerOf(integration: IntegrationType): DisconnectableProvider | undefined {
  return names.find((name) => providers[name].integration === integration);
}

/**
 * What to call an integration's calendars and what is to be known of them. Of an integration that calbridge doesn't know, the
 * ids may be secret.
 */
export function traitsOf(
  integration: IntegrationType,
): Pick<Provider, "label" | "hasSecretIds"> & { calendarType: string } {
  const provider = providerOf(integration);
  if (!provider) return { calendarType: integration, label: integration, hasSecretIds: true };
  return { calendarType: provider, ...providers[provider] };
}

export function assertOAuthProvider(value: unknown): asserts value is OAuthProvider {
  assertOneOf(value, oauthProviders);
}

export function assertProvider(value: unknown): asserts value is CalendarProvider {
  assertOneOf(value, calendarProviders);
}

export function assertDisconnectable(value: unknown): asserts value is DisconnectableProvider {
  assertOneOf(value, disconnectableProviders);
}

function assertOneOf(value: unknown, allowed: readonly string[]): void {
  if (allowed.includes(value as string)) return;
  const quoted = allowed.map((name) => `"${name}"`);
  throw new CalValidationError(
    `The provider must be ${quoted.slice(0, -1).join(", ")} or ${quoted.at(-1) ?? ""}.`,
  );
}
