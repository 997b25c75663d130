import { firstHealth, nextHealth } from "./health.js";
import type { SeenConnection, SeenList } from "./seen.js";
import type { KnownCalendar, KnownConnection, UserState, ToRestore } from "./user-state.js";

/** A connection that is missing in one list may be back in the next one. */
export const GONE_AFTER_MS = 60_000;

/** What is remembered of a connection from now on. */
export interface NextConnection {
  connection: KnownConnection;
  /** What the connection had before it broke, and no longer exists in the account. */
  lost: KnownCalendar[];
  /** Whether there is something to restore that was not to be restored before. */
  isRestorable: boolean;
}

/** What the rest of the user's state says. */
interface Around {
  list: SeenList;
  previous: UserState["destination"];
  now: number;
}

/** A connection of which nothing is remembered. */
export function firstConnection(found: SeenConnection, around: Around): NextConnection {
  const { key, credentialId, integration } = found;
  const known: KnownConnection = {
    key,
    credentialId,
    integration,
    account: null,
    selected: [],
    destination: null,
    ...firstHealth(found.verdict, around.now),
  };
  const connection = isWorking(found) ? { ...known, ...asFound(found, around) } : known;
  return { connection, lost: [], isRestorable: false };
}

/** A connection that the list does not have. */
export function missingConnection(known: KnownConnection, { list, previous, now }: Around): NextConnection {
  const connection = { ...known, destination: keptDestination(known, list, previous) };
  const { missingSince = now } = known;
  if (known.status === "gone") return unchanged(connection);
  if (now - missingSince < GONE_AFTER_MS) return unchanged({ ...connection, missingSince });
  delete connection.missingSince;
  const gone = nextHealth(known, { status: "gone", reason: "removed" }, now);
  return unchanged({ ...connection, ...gone });
}

/** A connection that is remembered, as the list has it now. */
export function nextConnection(
  known: KnownConnection,
  listed: SeenConnection,
  around: Around,
): NextConnection {
  const found = withKnownMark(known, listed);
  const { missingSince, ...rest } = known;
  const { key, credentialId } = found;
  const connection = { ...rest, key, credentialId, ...nextHealth(known, found.verdict, around.now) };
  // A connection that can't be read says nothing of its account and of its calendars.
  if (!isWorking(found)) {
    return unchanged({ ...connection, destination: keptDestination(known, around.list, around.previous) });
  }
  const wasWorking = known.status === "connected" && missingSince === undefined && known.key === key;
  if (wasWorking && !known.toRestore) return unchanged({ ...connection, ...asFound(found, around) });
  const { toRestore, lost } = wasWorking
    ? { toRestore: known.toRestore, lost: [] }
    : whatIsMissing(known, found, around);
  const current = asFound(found, around);
  if (!toRestore) return { connection: { ...connection, ...current }, lost, isRestorable: false };
  return {
    // What waits to be restored is remembered, should the connection break again before.
    connection: {
      ...connection,
      ...current,
      selected: union(current.selected, toRestore.selected),
      destination: toRestore.destination ?? current.destination,
      toRestore,
    },
    lost,
    isRestorable: !isSameWish(toRestore, known.toRestore),
  };
}

/** Cal.com's mark "invalid" counts until Cal.com says that it is no longer there, or the user connects again. */
function withKnownMark({ key, status, reason }: KnownConnection, found: SeenConnection): SeenConnection {
  const isMarked = status === "broken" && reason === "invalid_credentials";
  const isKept = isMarked && found.mayBeInvalid && found.key === key && isWorking(found);
  return isKept ? { ...found, verdict: { status, reason } } : found;
}

/** Whether the same calendars were to be restored before: that was reported already. */
function isSameWish(one: ToRestore, other: ToRestore | undefined): boolean {
  const calendarsOf = ({ selected, destination }: ToRestore): string =>
    JSON.stringify([selected, destination]);
  return other !== undefined && calendarsOf(one) === calendarsOf(other);
}

function unchanged(connection: KnownConnection): NextConnection {
  return { connection, lost: [], isRestorable: false };
}

function isWorking({ verdict }: SeenConnection): boolean {
  return verdict.status === "connected";
}

/** What is remembered of a connection that works. */
function asFound(
  { key, account, calendars }: SeenConnection,
  { list: { destination } }: Around,
): Pick<KnownConnection, "account" | "selected" | "destination"> {
  const written = destination?.key === key && calendars.find(({ id }) => id === destination.id);
  return {
    account,
    selected: calendars.filter(({ isSelected }) => isSelected).map(toKnown),
    destination: written ? toKnown(written) : null,
  };
}

/**
 * What a connection that works again had before and lacks now. Cal.com forgets the selected calendars with the
 * connection, and moves the destination elsewhere as soon as its calendar can't be read.
 */
function whatIsMissing(
  known: KnownConnection,
  { key, calendars }: SeenConnection,
  { list, now }: Around,
): { toRestore: KnownConnection["toRestore"]; lost: KnownCalendar[] } {
  const find = ({ id }: KnownCalendar) => calendars.find((calendar) => calendar.id === id);
  const had = known.key === key ? (known.toRestore?.selected ?? []) : known.selected;
  const wanted = had.filter((calendar) => find(calendar)?.isSelected !== true);
  const { destination } = known;
  const isElsewhere =
    destination !== null && !(list.destination?.key === key && list.destination.id === destination.id);
  const toRestore = {
    since: now,
    selected: wanted.filter(find),
    destination: isElsewhere && find(destination) ? destination : null,
  };
  const lost = union(
    wanted.filter((calendar) => !find(calendar)),
    isElsewhere && !find(destination) ? [destination] : [],
  );
  const isEmpty = toRestore.selected.length === 0 && toRestore.destination === null;
  return { toRestore: isEmpty ? undefined : toRestore, lost };
}

/**
 * The destination that a connection had when it last worked, unless the user has chosen another one since. Cal.com
 * itself moves it to a main calendar, once.
 */
function keptDestination(
  { key, destination }: KnownConnection,
  { destination: current }: SeenList,
  previous: UserState["destination"],
): KnownCalendar | null {
  if (destination === null || current === null || current.key === key) return destination;
  const hadMoved = previous !== null && previous.key !== key;
  const isChosen =
    !current.isPrimary || (hadMoved && (previous.key !== current.key || previous.id !== current.id));
  return isChosen ? null : destination;
}

function toKnown({ id, name }: KnownCalendar): KnownCalendar {
  return { id, name };
}

function union(one: readonly KnownCalendar[], other: readonly KnownCalendar[]): KnownCalendar[] {
  return [...new Map([...one, ...other].map((calendar) => [calendar.id, toKnown(calendar)])).values()];
}
