import type { KnownConnection, UserState } from "./user-state.js";

// So that the details stay below 64 kB. Nobody has as much, but accounts of testers and robots do.
const MAX_CONNECTIONS = 40;
const MAX_SELECTED = 200;
const MAX_PENDING = 50;
/** Connections that are gone are remembered for as long: when the user connects them again, their calendars are restored. */
const KEEP_GONE_MS = 90 * 24 * 60 * 60_000;

/** The state without what is too old or too much. */
export function limited(state: UserState, now: number): UserState {
  const connections = state.connections
    .filter(({ status, since }) => status !== "gone" || now - since < KEEP_GONE_MS)
    // Those that are gone are forgotten first.
    .sort((a, b) => Number(a.status === "gone") - Number(b.status === "gone"))
    .slice(0, MAX_CONNECTIONS);
  let left = MAX_SELECTED;
  return {
    ...state,
    connections: connections.map((connection) => {
      const selected = connection.selected.slice(0, left);
      left -= selected.length;
      return withSelected(connection, selected);
    }),
    pending: state.pending.slice(-MAX_PENDING),
  };
}

function withSelected(connection: KnownConnection, selected: KnownConnection["selected"]): KnownConnection {
  return selected.length === connection.selected.length ? connection : { ...connection, selected };
}
