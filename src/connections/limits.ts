import type { KnownConnection, PendingChange, UserState } from "./user-state.js";

/** What a store has to keep, in bytes. */
const MAX_BYTES = 64_000;
// Real users have less; accounts of testers and robots may have more.
const MAX_CONNECTIONS = 40;
const MAX_SELECTED = 200;
const MAX_PENDING = 50;
/** Calendars in each list of a change. */
const MAX_LISTED = 50;
/** Connections that are gone are remembered for as long: when the user connects them again, their calendars are restored. */
const KEEP_GONE_MS = 90 * 24 * 60 * 60_000;

/** The state without what is too old or too much. */
export function limited(state: UserState, now: number): UserState {
  const connections = state.connections
    .filter(({ status, since }) => status !== "gone" || now - since < KEEP_GONE_MS)
    // Those that are gone are forgotten first.
    .sort((a, b) => Number(a.status === "gone") - Number(b.status === "gone"));
  for (let share = 1; ; share *= 0.8) {
    const cut = cutTo(share, { ...state, connections });
    if (fits(cut) || share < 0.01) return cut;
  }
}

function fits(state: UserState): boolean {
  const text = JSON.stringify(state);
  // A character takes up to three bytes.
  return text.length * 3 <= MAX_BYTES || new TextEncoder().encode(text).length <= MAX_BYTES;
}

/** The state with a share of the most that is remembered. */
function cutTo(share: number, state: UserState): UserState {
  const most = (count: number): number => Math.max(1, Math.floor(count * share));
  const take = { selected: takeUpTo(most(MAX_SELECTED)), toRestore: takeUpTo(most(MAX_SELECTED)) };
  return {
    ...state,
    connections: state.connections
      .slice(0, most(MAX_CONNECTIONS))
      .map((connection) => withFewer(connection, take)),
    pending: state.pending
      .slice(-most(MAX_PENDING))
      .map((change) => withShorterLists(change, most(MAX_LISTED))),
  };
}

/** Takes no more than so many items of all the lists together. */
function takeUpTo(most: number): <Item>(list: Item[]) => Item[] {
  let left = most;
  return (list) => {
    const taken = list.slice(0, left);
    left -= taken.length;
    return taken;
  };
}

type Take = ReturnType<typeof takeUpTo>;

function withFewer(connection: KnownConnection, take: { selected: Take; toRestore: Take }): KnownConnection {
  const { selected, toRestore } = connection;
  return {
    ...connection,
    selected: take.selected(selected),
    ...(toRestore && { toRestore: { ...toRestore, selected: take.toRestore(toRestore.selected) } }),
  };
}

function withShorterLists(change: PendingChange, most: number): PendingChange {
  const { restored } = change;
  if (!restored) return change;
  return {
    ...change,
    restored: {
      ...restored,
      selected: restored.selected.slice(0, most),
      missing: restored.missing.slice(0, most),
      available: restored.available.slice(0, most),
    },
  };
}
