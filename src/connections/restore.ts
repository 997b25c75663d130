import { setDestinationCalendar } from "../api/endpoints/calendars.js";
import { addSelectedCalendar } from "../api/endpoints/selected-calendars.js";
import type { CallOptions, Send } from "../api/request.js";
import { isCalError } from "../errors.js";
import type { SeenCalendar, SeenConnection, SeenList } from "./seen.js";
import type { KnownCalendar, KnownConnection, ToRestore } from "./user-state.js";

/** What became of a calendar that was to be restored. */
type Outcome = "restored" | "missing" | "failed";

/** What was done for one connection. */
export interface Restored {
  key: string;
  selected: KnownCalendar[];
  destination: KnownCalendar | null;
  missing: KnownCalendar[];
  /** What is left for the next check: Cal.com did not respond. */
  left: ToRestore | undefined;
}

/** Selects again, and makes the destination again, what a connection had before it broke. Each call can be repeated. */
export async function restoreConnection(
  send: Send,
  { key, toRestore }: KnownConnection,
  list: SeenList,
  options: CallOptions,
): Promise<Restored | null> {
  const connection = list.connections.find((seen) => seen.key === key);
  if (!connection || !toRestore) return null;
  const restored: Restored = { key, selected: [], destination: null, missing: [], left: undefined };
  const left: ToRestore = { since: toRestore.since, selected: [], destination: null };
  for (const calendar of toRestore.selected) {
    const select = (seen: SeenCalendar) => addSelectedCalendar(send, selectionOf(connection, seen), options);
    const outcome = await attempt(connection, calendar, select, options);
    if (outcome === "restored") restored.selected.push(calendar);
    else if (outcome === "missing") restored.missing.push(calendar);
    else left.selected.push(calendar);
  }
  const { destination } = toRestore;
  if (destination) {
    const set = (seen: SeenCalendar) =>
      setDestinationCalendar(send, destinationOf(connection, seen), options);
    const outcome = await attempt(connection, destination, set, options);
    if (outcome === "restored") restored.destination = destination;
    else if (outcome === "missing") restored.missing.push(destination);
    else left.destination = destination;
  }
  if (left.selected.length > 0 || left.destination) restored.left = left;
  return restored;
}

async function attempt(
  connection: SeenConnection,
  { id }: KnownCalendar,
  work: (calendar: SeenCalendar) => Promise<unknown>,
  { signal }: CallOptions,
): Promise<Outcome> {
  const calendar = connection.calendars.find((seen) => seen.id === id);
  if (!calendar) return "missing";
  try {
    await work(calendar);
    return "restored";
  } catch (error) {
    if (signal?.aborted) return "failed";
    if (!isCalError(error)) throw error;
    // Cal.com does not accept it, and will not: the calendar was deleted, or made read-only.
    return error.code === "not_found" || error.code === "bad_request" ? "missing" : "failed";
  }
}

function selectionOf(
  { integration, credentialId, delegationCredentialId }: SeenConnection,
  { externalId }: SeenCalendar,
) {
  return { integration, externalId, credentialId, delegationCredentialId };
}

function destinationOf(
  { integration, delegationCredentialId }: SeenConnection,
  { externalId }: SeenCalendar,
) {
  return { integration, externalId, ...(delegationCredentialId !== null && { delegationCredentialId }) };
}
