import {
  listCalendars,
  type ConnectedCalendar,
  type DestinationCalendar,
} from "../api/endpoints/calendar-list.js";
import type { CalendarProvider } from "../api/endpoints/calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { whenAll } from "../lib/when-all.js";
import { connectionsOf } from "./connections-of.js";
import { disconnectOne } from "./disconnect.js";
import { duplicatesIn } from "./duplicates.js";
import { checkStatus, statusOfAll, type CalendarStatus } from "./status.js";

/** What `sync` found. */
export interface SyncResult {
  /** Whether the provider's connections work: each of them. */
  status: CalendarStatus;
  /** The provider's connections; a broken one has an `error`. */
  connectedCalendars: ConnectedCalendar[];
  /** The calendar that bookings are written to, of whatever provider. `null` if no calendar is connected. */
  destinationCalendar: DestinationCalendar | null;
  /** Credentials that were removed because they duplicated another one. */
  removedDuplicates: number[];
}

/** A provider's connections as Cal.com lists and checks them. */
export type Inspection = Omit<SyncResult, "removedDuplicates">;

/** Lists and checks a provider's connections, at the same time. Changes nothing. */
export async function inspectProvider(
  send: Send,
  provider: CalendarProvider,
  options: CallOptions | undefined,
): Promise<Inspection> {
  const [list, checked] = await whenAll([
    listCalendars(send, options),
    checkStatus(send, provider, options),
  ] as const);
  const connectedCalendars = connectionsOf(list, provider);
  const status = statusOfAll(provider, checked, connectedCalendars);
  return { status, connectedCalendars, destinationCalendar: list.destinationCalendar };
}

/** Lists and checks a provider's connections. If all is well and it may, removes duplicates. */
export async function syncProvider(
  send: Send,
  provider: CalendarProvider,
  mayRemove: boolean,
  options: CallOptions | undefined,
): Promise<SyncResult> {
  const inspected = await inspectProvider(send, provider, options);
  const { status, connectedCalendars, destinationCalendar } = inspected;
  // Of two credentials of one account, a broken one must not be the one that is kept.
  const duplicates =
    mayRemove && status.connected ? duplicatesIn(connectedCalendars, destinationCalendar) : [];
  for (const credentialId of duplicates) await disconnectOne(send, provider, credentialId, options);
  return {
    ...inspected,
    connectedCalendars: connectedCalendars.filter(({ credentialId }) => !duplicates.includes(credentialId)),
    removedDuplicates: duplicates,
  };
}
