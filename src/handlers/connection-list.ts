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
  return withKnownAddresses(context, userId, await withLastCheck(context, userId, calendars));
}

/** Which account to reconnect: Cal.com does not tell the address of one that it can't read. */
async function withKnownAddresses(
  { known }: HandlerContext,
  userId: string,
  connections: readonly Connection[],
): Promise<Connection[]> {
  return Promise.all(
    connections.map(async (connection) => {
      if (connection.connected || connection.email !== null) return connection;
      return { ...connection, email: await known.addressOf(userId, connection.credentialId) };
    }),
  );
}
