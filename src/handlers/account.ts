import { providerOf, providers } from "../calendars/providers.js";
import type { Calendar, ConnectedCalendar } from "../index.js";

/** A connected account, as a browser may see it. */
export interface Connection {
  /** `google`, `office365`, `apple` or `ics-feed`; Cal.com's own name for an integration that is none of these. */
  calendarType: string;
  /** Cal.com's name of the integration, such as `google_calendar`. */
  integration: string;
  credentialId: number;
  /** What to call it: `Google Calendar`. */
  name: string;
  /** The account's address, where the provider tells it. */
  email: string | null;
  /** Whether Cal.com can read it. */
  connected: boolean;
  /** What to do if it can't; `null` if it can. */
  message: string | null;
  /** Empty while the account can't be read. */
  calendars: ConnectionCalendar[];
}

/** One calendar of a connected account. */
export interface ConnectionCalendar {
  /** The provider's id of the calendar. `null` where it may be a secret: an ICS feed's is its address. */
  externalId: string | null;
  name: string | null;
  primary: boolean;
  readOnly: boolean;
  /** Whether Cal.com reads it for conflicts. */
  isSelected: boolean;
}

/** What a browser may see of an account: named field by field, as Cal.com may add any other. */
export function toConnection(connected: ConnectedCalendar): Connection {
  const { integration, credentialId, primary, calendars, error } = connected;
  const { type } = integration;
  const provider = providerOf(type);
  const { label, hasSecretIds } = provider ? providers[provider] : { label: type, hasSecretIds: true };
  return {
    calendarType: provider ?? type,
    integration: type,
    credentialId,
    name: label,
    email: hasSecretIds ? null : (primary?.email ?? null),
    connected: error === null,
    // Cal.com's own words may repeat what it sent to the provider.
    message: error && `${label} can't be read at the moment. If this doesn't change, connect it again.`,
    calendars: error ? [] : calendars.map((calendar) => toCalendar(calendar, hasSecretIds)),
  };
}

function toCalendar(calendar: Calendar, hasSecretIds: boolean): ConnectionCalendar {
  return {
    externalId: hasSecretIds ? null : calendar.externalId,
    name: hasSecretIds ? null : (calendar.name ?? null),
    primary: calendar.primary ?? false,
    readOnly: calendar.readOnly ?? false,
    isSelected: calendar.isSelected ?? false,
  };
}
