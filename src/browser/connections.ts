import type {
  CalAccountView,
  CalendarId,
  CalendarProvider,
  Connection,
  ConnectionCalendar,
} from "./status.js";
import type { Status } from "./events.js";
import type { CalendarChange } from "./types.js";

/** The state of several connections together. */
export function stateOf(connections: readonly Connection[]): "connected" | "disconnected" | "broken" {
  if (connections.some(({ connected }) => !connected)) return "broken";
  return connections.length > 0 ? "connected" : "disconnected";
}

/** Marks a provider's connections as broken, unless the list says already which of them is. */
export function withBroken(connections: Connection[], provider: CalendarProvider | null): Connection[] {
  const isOwn = ({ calendarType }: Connection): boolean => calendarType === provider;
  if (connections.some((connection) => isOwn(connection) && !connection.connected)) return connections;
  return connections.map((connection) =>
    isOwn(connection) ? { ...connection, connected: false } : connection,
  );
}

/** The connections as they will be when the changes are confirmed. */
export function withChanges(connections: Connection[], changes: readonly CalendarChange[]): Connection[] {
  return changes.reduce(
    (list, change) =>
      list.map((connection) => ({
        ...connection,
        calendars: connection.calendars.map((calendar) => changed(connection, calendar, change)),
      })),
    connections,
  );
}

function changed(
  { credentialId, integration }: Connection,
  calendar: ConnectionCalendar,
  { action, calendar: target, isSelected }: CalendarChange,
): ConnectionCalendar {
  const isTarget = isSameCalendar(target, { credentialId, integration, externalId: calendar.externalId });
  if (action === "setDestination") return { ...calendar, isDestination: isTarget };
  return isTarget ? { ...calendar, isSelected } : calendar;
}

function isSameCalendar(one: CalendarId, other: Record<keyof CalendarId, unknown>): boolean {
  return (
    one.credentialId === other.credentialId &&
    one.integration === other.integration &&
    one.externalId === other.externalId
  );
}

type MaybeList<Of> = { every?: (test: (item: Of) => unknown) => boolean } | null | undefined;

/** The connections in a response; `null` if it has another shape, as that of a proxy may have. */
export function connectionsIn(data: unknown): Connection[] | null {
  const { calendars } = Object(data) as { calendars?: unknown };
  const list = calendars as MaybeList<{ calendars?: MaybeList<unknown> } | null>;
  const isList = list?.every?.((connection) => connection?.calendars?.every?.(Boolean));
  return isList ? (calendars as Connection[]) : null;
}

/** The status in a response; `null` if it has another shape. */
export function statusIn(data: unknown): Status | null {
  const calendars = connectionsIn(data);
  if (!calendars) return null;
  const { calAccount, linkable } = data as { calAccount?: CalAccountView | null; linkable?: unknown };
  return { calendars, calAccount: calAccount ?? null, linkable: linkable === true };
}

/**
 * The status in the option `initialStatus`. It may also be the whole answer of the status route. `null` with anything else,
 * such as the answer to a request that failed: then the browser loads the status itself.
 */
export function initialStatusIn(given: unknown): Status | null {
  return statusIn(given) ?? statusIn((Object(given) as { data?: unknown }).data);
}

/** An Apple connection that Cal.com has accepted and does not list yet. */
export const unlistedApple: Connection = {
  calendarType: "apple",
  integration: "apple_calendar",
  credentialId: 0,
  name: "Apple Calendar",
  email: null,
  connected: true,
  reason: null,
  message: null,
  delegated: false,
  calendars: [],
};
