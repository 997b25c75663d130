import type { Status } from "./events.js";
import type { CalAccountView, CalendarId, CalendarProvider, Connection } from "./status.js";
import type { CalendarActivity, CalendarChange } from "./types.js";

/** The providers that users can connect. */
export const calendarProviders: readonly CalendarProvider[] = ["google", "office365", "apple"];

/** The state of several connections together. */
export function stateOf(connections: readonly Connection[]): "connected" | "disconnected" | "broken" {
  if (connections.some(({ connected }) => !connected)) return "broken";
  return connections.length > 0 ? "connected" : "disconnected";
}

/** Whether an action is about this connection: one of its provider, or the one that it names. */
export function isAbout({ provider, credentialId }: CalendarActivity, connection: Connection): boolean {
  return (
    connection.calendarType === provider &&
    connection.credentialId === (credentialId ?? connection.credentialId)
  );
}

/** Whether a calendar is one of this connection. All delegated connections have the credentialId -1. */
export function isOfConnection(
  { credentialId, integration }: CalendarId,
  connection: Pick<Connection, "credentialId" | "integration">,
): boolean {
  return connection.credentialId === credentialId && connection.integration === integration;
}

/** The connections as they will be when the changes are confirmed. */
export function withChanges(connections: Connection[], changes: readonly CalendarChange[]): Connection[] {
  return changes.reduce(
    (list, change) => list.map((connection) => withChange(connection, change)),
    connections,
  );
}

function withChange(connection: Connection, { action, calendar, isSelected }: CalendarChange): Connection {
  const isOwn = isOfConnection(calendar, connection);
  const calendars = connection.calendars.map((one) => {
    const isTarget = isOwn && one.externalId === calendar.externalId;
    // There is one destination: no other calendar is it any more.
    if (action === "setDestination") return { ...one, isDestination: isTarget };
    return isTarget ? { ...one, isSelected } : one;
  });
  return { ...connection, calendars };
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
  const { calAccount = null, linkable } = data as { calAccount?: CalAccountView | null; linkable?: unknown };
  return { calendars, calAccount, linkable: Boolean(linkable) };
}
