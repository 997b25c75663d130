import { firstHealth, nextHealth } from "./health.js";
import { limited } from "./limits.js";
import { matchConnections } from "./match.js";
import {
  firstConnection,
  missingConnection,
  nextConnection,
  type NextConnection,
} from "./next-connection.js";
import { visibleId, type Seen, type SeenList } from "./seen.js";
import type { RememberedCalendar, RestoredCalendars } from "./types.js";
import type { Health, KnownCalendar, KnownConnection, PendingChange, UserState } from "./user-state.js";

/**
 * Compares what is remembered of a user with what a check has seen, and returns what is remembered from now on. What is
 * to be reported is added to its `pending`. Changes nothing that it was given, and depends on nothing else.
 *
 * @param newId - Makes the id of a change.
 */
export function compare(
  before: UserState | null,
  seen: Seen,
  { now, newId }: { now: number; newId: () => string },
): UserState {
  // The user has linked another Cal.com account, whose connections are seen for the first time.
  const previous = before?.calUserId === seen.calUserId ? before : null;
  const calAccount = previous
    ? nextHealth(previous.calAccount, seen.calAccount, now)
    : firstHealth(seen.calAccount, now);
  const changes = previous ? changeOf(previous.calAccount, { health: calAccount, newId }) : [];
  const connections: KnownConnection[] = [];
  for (const { known, next } of nextConnections(previous, seen.list, now)) {
    connections.push(next.connection);
    if (known) changes.push(...changeOf(known, { health: next.connection, next, newId }));
  }
  const isDoubtful =
    seen.list?.isDoubtful === true || [calAccount.status, ...verdictsOf(seen.list)].includes("unavailable");
  const destination = seen.list ? seen.list.destination : (previous?.destination ?? null);
  return limited(
    {
      v: 1,
      calUserId: seen.calUserId,
      seenAt: seen.at,
      calAccount,
      connections,
      destination: destination && { key: destination.key, id: destination.id },
      doubts: isDoubtful ? (previous?.doubts ?? 0) + 1 : 0,
      pending: [...(before?.pending ?? []), ...changes],
      hookFailures: before?.hookFailures ?? 0,
    },
    now,
  );
}

function nextConnections(
  previous: UserState | null,
  list: SeenList | null,
  now: number,
): { known: KnownConnection | null; next: NextConnection }[] {
  const remembered = previous?.connections ?? [];
  // Without a list nothing new is known.
  if (!list)
    return remembered.map((connection) => ({
      known: null,
      next: { connection, lost: [], isRestorable: false },
    }));
  const around = { list, previous: previous?.destination ?? null, now };
  return matchConnections(remembered, list.connections).flatMap(({ known, found }) => {
    if (found)
      return { known, next: known ? nextConnection(known, found, around) : firstConnection(found, around) };
    return known ? { known, next: missingConnection(known, around) } : [];
  });
}

function verdictsOf(list: SeenList | null): string[] {
  return list ? list.connections.map(({ verdict }) => verdict.status) : [];
}

/** The change to report; none, if this is the first certain sight. */
function changeOf(
  before: Health,
  { health, next, newId }: { health: Health; next?: NextConnection; newId: () => string },
): PendingChange[] {
  const { told: from } = before;
  const { told: to, status, reason, since } = health;
  const isRestored = next !== undefined && (next.isRestorable || next.lost.length > 0);
  if (from === null || to === null || (from === to && !isRestored)) return [];
  const change: PendingChange = {
    id: newId(),
    connection: next ? identityOf(next.connection) : null,
    from,
    to,
    // A doubt that is not reported yet does not explain what is.
    reason: status === to ? reason : null,
    since,
  };
  if (isRestored) change.restored = restoredOf(next);
  return [change];
}

function identityOf({
  key,
  credentialId,
  integration,
  account,
}: KnownConnection): PendingChange["connection"] {
  return { key, credentialId, integration, account };
}

function restoredOf({ connection: { toRestore }, lost }: NextConnection): RestoredCalendars {
  const { selected = [], destination = null } = toRestore ?? {};
  const available = destination
    ? [...selected.filter(({ id }) => id !== destination.id), destination]
    : selected;
  return {
    selected: [],
    destination: null,
    missing: lost.map(toVisible),
    available: available.map(toVisible),
  };
}

/** A calendar as an application may see it. */
export function toVisible({ id, name }: KnownCalendar): RememberedCalendar {
  return { externalId: visibleId(id), name };
}
