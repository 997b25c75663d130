import type { CalendarList } from "../index.js";
import { toConnection, type Connection } from "./account.js";
import { withLastCheck } from "./last-check.js";
import type { HandlerContext } from "./types.js";
import { withUnlistedApple } from "./unlisted-apple.js";

/** All connections of a list, as the routes that return all of them show them. */
export async function toAllConnections(
  context: HandlerContext,
  userId: string,
  { connectedCalendars, destinationCalendar }: CalendarList,
): Promise<Connection[]> {
  const listed = connectedCalendars.map((one) => toConnection(one, destinationCalendar));
  const [calendars] = await Promise.all([
    withUnlistedApple(context, userId, listed),
    context.known.note(userId, listed),
  ]);
  return withMemory(context, userId, calendars);
}

/** Adds what is remembered of connections that don't work, and is not in Cal.com's list: since when, and the address. */
export async function withMemory(
  context: HandlerContext,
  userId: string,
  connections: readonly Connection[],
): Promise<Connection[]> {
  const checked = await withLastCheck(context, userId, connections);
  return Promise.all(
    checked.map(async (connection) => {
      if (connection.connected || connection.email !== null) return connection;
      return { ...connection, email: await context.known.addressOf(userId, connection.credentialId) };
    }),
  );
}
