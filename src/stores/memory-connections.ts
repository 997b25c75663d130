import type { ConnectionState, ConnectionStateWrite, ConnectionStore } from "./connection-store.js";

/** Options of {@link memoryConnectionStore}. */
export interface MemoryConnectionStoreOptions {
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
}

interface Row {
  state: ConnectionState;
  /** When the claim ends, in milliseconds since 1970. 0: the user is not claimed. */
  claimedUntil: number;
}

/**
 * Keeps what is known of users' connections in this process's memory: for tests, scripts and trying things out. When
 * the process ends it is gone, and the next check of a user is the first one again.
 *
 * @example
 * ```ts
 * const cal = CalClient.fromEnv({ tokenStore: memoryTokenStore(), connectionStore: memoryConnectionStore() });
 * ```
 */
export function memoryConnectionStore(options: MemoryConnectionStoreOptions = {}): ConnectionStore {
  const now = options.now ?? Date.now;
  const rows = new Map<string, Row>();
  let lastVersion = 0;

  function write({ userId, details, dueAt }: ConnectionStateWrite, claimedUntil: number): ConnectionState {
    lastVersion += 1;
    const state = { userId, details, dueAt: new Date(dueAt), version: lastVersion };
    rows.set(userId, { state, claimedUntil });
    return copyOf(state);
  }

  return {
    get: async (userId) => {
      const row = rows.get(userId);
      return row ? copyOf(row.state) : null;
    },

    set: async (state, { ifVersion }) => {
      const version = rows.get(state.userId)?.state.version ?? null;
      return version === ifVersion ? write(state, 0) : null;
    },

    claimDue: async ({ limit, leaseMs }) => {
      const time = now();
      const due: Row[] = [];
      for (const row of rows.values()) {
        if (row.claimedUntil <= time && row.state.dueAt.getTime() <= time) due.push(row);
      }
      due.sort((a, b) => a.state.dueAt.getTime() - b.state.dueAt.getTime());
      const claimedUntil = time + leaseMs;
      return due
        .slice(0, limit)
        .map(({ state }) => write({ ...state, dueAt: new Date(claimedUntil) }, claimedUntil));
    },

    makeDue: async (userId) => {
      const row = rows.get(userId);
      if (row && row.state.dueAt.getTime() <= now()) return;
      write({ userId, details: row?.state.details ?? null, dueAt: new Date(now()) }, row?.claimedUntil ?? 0);
    },

    delete: async (userId) => void rows.delete(userId),
  };
}

function copyOf(state: ConnectionState): ConnectionState {
  return { ...state, dueAt: new Date(state.dueAt) };
}
