import { toVisible } from "./compare.js";
import type { Restored } from "./restore.js";
import type { RememberedCalendar, RestoredCalendars } from "./types.js";
import type { KnownCalendar, KnownConnection, PendingChange, UserState } from "./user-state.js";

/** The state after calendars were restored: with what is left of that, and with what the changes are to say of it. */
export function mergeRestored(state: UserState, restored: readonly Restored[]): UserState {
  if (restored.length === 0) return state;
  const byKey = new Map(restored.map((one) => [one.key, one]));
  return {
    ...state,
    connections: state.connections.map((known) => {
      const done = byKey.get(known.key);
      return done ? withoutRestored(known, done) : known;
    }),
    pending: state.pending.map((change) => {
      const done = change.connection ? byKey.get(change.connection.key) : undefined;
      return done && change.restored ? { ...change, restored: addTo(change.restored, done) } : change;
    }),
  };
}

function withoutRestored(known: KnownConnection, { missing, left }: Restored): KnownConnection {
  const { toRestore, ...rest } = known;
  const isMissing = ({ id }: KnownCalendar) => missing.some((calendar) => calendar.id === id);
  return {
    ...rest,
    selected: known.selected.filter((calendar) => !isMissing(calendar)),
    destination: known.destination && isMissing(known.destination) ? null : known.destination,
    ...(left && { toRestore: left }),
  };
}

/** Merging the same twice changes nothing: a change may be read again after it was reported. */
function addTo(said: NonNullable<PendingChange["restored"]>, done: Restored): RestoredCalendars {
  const selected = merge(said.selected, done.selected);
  const missing = merge(said.missing, done.missing);
  const destination = done.destination ? toVisible(done.destination) : said.destination;
  const settled = [...selected, ...missing, ...(destination ? [destination] : [])].map(keyOf);
  const left = done.left
    ? [...done.left.selected, ...(done.left.destination ? [done.left.destination] : [])]
    : [];
  const kept = new Set(left.map((calendar) => keyOf(toVisible(calendar))));
  const available = said.available.filter(
    (calendar) => kept.has(keyOf(calendar)) || !settled.includes(keyOf(calendar)),
  );
  return { selected, destination, missing, available };
}

function merge(said: readonly RememberedCalendar[], done: readonly KnownCalendar[]): RememberedCalendar[] {
  const all = [...said, ...done.map(toVisible)];
  return [...new Map(all.map((calendar) => [keyOf(calendar), calendar])).values()];
}

function keyOf({ externalId, name }: RememberedCalendar): string {
  return JSON.stringify([externalId, name]);
}
