import { providers, traitsOf } from "../calendars/providers.js";
import { isDelegated } from "../calendars/connections-of.js";
import { messageOf, reasonOfListError } from "../calendars/status.js";
import type {
  Calendar,
  CalendarList,
  CalendarProvider,
  CalendarStatus,
  ConnectedCalendar,
  DestinationCalendar,
  DisconnectedReason,
} from "../index.js";

/** The list of a user without an account at Cal.com. */
export const emptyList: CalendarList = { connectedCalendars: [], destinationCalendar: null };

/** A connection, as a browser may see it. */
export interface Connection {
  /** `google`, `office365`, `apple` or `ics-feed`; Cal.com's own name for an integration that is none of these. */
  calendarType: string;
  /** Cal.com's name of the integration, such as `google_calendar`. */
  integration: string;
  /** -1 for delegated access. 0 for an Apple calendar that Cal.com doesn't list yet. */
  credentialId: number;
  /** What to call it: `Google Calendar`. */
  name: string;
  /** The account's address, where the provider returns it; `null` if it is not known. */
  email: string | null;
  /** Whether it works. */
  connected: boolean;
  /** Why it doesn't work; `null` if it does. */
  reason: DisconnectedReason | null;
  /** What to do if it doesn't work; `null` if it does. */
  message: string | null;
  /**
   * Since when it doesn't work, as ISO 8601: for a client with a connection store, once a check has seen it. Absent
   * otherwise.
   */
  since?: string | undefined;
  /**
   * Whether `/calendars/restore` would give back calendars that were selected, or the destination. For a client with a
   * connection store, and a user's own Cal.com account.
   */
  restorable?: true | undefined;
  /** Whether an organization's administrator has given the access: then the user can't end it. */
  delegated: boolean;
  /** Empty while the connection can't be read. */
  calendars: ConnectionCalendar[];
}

/** One calendar of a connection. */
export interface ConnectionCalendar {
  /** The provider's id of the calendar. `null` where it may be a secret: an ICS feed's is its address. */
  externalId: string | null;
  /** Its connection's. */
  credentialId: number;
  name: string | null;
  primary: boolean;
  readOnly: boolean;
  /** Whether Cal.com checks it for conflicts. */
  isSelected: boolean;
  /** Whether bookings are written to it. */
  isDestination: boolean;
}

/** What {@link toConnections} reads of a list. */
interface ListedConnections {
  connectedCalendars: readonly ConnectedCalendar[];
  destinationCalendar: DestinationCalendar | null;
}

/** What a browser may see of a connection: named field by field, as Cal.com may add any other. */
export function toConnection(
  connected: ConnectedCalendar,
  destination: DestinationCalendar | null,
): Connection {
  const { integration, credentialId, primary, calendars, error } = connected;
  const { type } = integration;
  const { calendarType, label, hasSecretIds } = traitsOf(type);
  const reason = error && reasonOfListError(error.message);
  return {
    calendarType,
    integration: type,
    credentialId,
    name: label,
    email: hasSecretIds ? null : (primary?.email ?? null),
    connected: error === null,
    reason,
    // Cal.com's own message may repeat what it sent to the provider.
    message: reason && messageOf(reason, label),
    delegated: isDelegated(connected),
    calendars: error
      ? []
      : calendars.map((calendar) => ({
          ...toCalendar(calendar, hasSecretIds),
          credentialId,
          isDestination: isDestination(connected, calendar, destination),
        })),
  };
}

/**
 * The provider's connections. A `status` can tell of one that doesn't work although the list shows no error: Cal.com has
 * marked it as invalid.
 */
export function toConnections(
  { connectedCalendars, destinationCalendar }: ListedConnections,
  provider: CalendarProvider,
  status?: CalendarStatus,
): Connection[] {
  const connections = connectedCalendars
    .map((connected) => toConnection(connected, destinationCalendar))
    .filter(({ calendarType }) => calendarType === provider);
  if (!status || status.connected) return connections;
  const { reason, message } = status;
  return connections.map((connection) =>
    connection.connected && connection.credentialId === status.credentialId
      ? { ...connection, connected: false, reason, message }
      : connection,
  );
}

/** An Apple calendar that Cal.com has accepted and does not list yet. */
export const unlistedApple: Connection = {
  calendarType: "apple",
  integration: providers.apple.integration,
  credentialId: 0,
  name: providers.apple.label,
  email: null,
  connected: true,
  reason: null,
  message: null,
  delegated: false,
  calendars: [],
};

/** A calendar that two connections share is the destination in one of them. */
function isDestination(
  { integration, credentialId }: ConnectedCalendar,
  { externalId }: Calendar,
  destination: DestinationCalendar | null,
): boolean {
  return (
    destination?.externalId === externalId &&
    destination.integration === integration.type &&
    (destination.credentialId ?? credentialId) === credentialId
  );
}

function toCalendar(
  calendar: Calendar,
  hasSecretIds: boolean,
): Omit<ConnectionCalendar, "credentialId" | "isDestination"> {
  return {
    externalId: hasSecretIds ? null : calendar.externalId,
    name: hasSecretIds ? null : (calendar.name ?? null),
    primary: calendar.primary ?? false,
    readOnly: calendar.readOnly ?? false,
    isSelected: calendar.isSelected ?? false,
  };
}
