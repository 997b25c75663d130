import type { TokenRecord, TokenStore, TokenWrite } from "../tokens/token-store.js";

/** Options of {@link memoryTokenStore}. */
export interface MemoryTokenStoreOptions {
  /** The clock, in milliseconds since 1970. Default: `Date.now`. */
  now?: () => number;
}

/**
 * Keeps tokens in this process's memory: for tests, scripts and trying things out. They are gone when the
 * process ends; Cal.com then still has the users, and `ensureUser` finds them again.
 *
 * @example
 * ```ts
 * const cal = CalClient.fromEnv({ tokenStore: memoryTokenStore() });
 * ```
 */
export function memoryTokenStore(options: MemoryTokenStoreOptions = {}): TokenStore {
  const now = options.now ?? Date.now;
  const records = new Map<string, TokenRecord>();
  const leases = new Map<string, { owner: string; endsAt: number }>();
  let lastVersion = 0;

  return {
    get(userId) {
      const record = records.get(userId);
      return Promise.resolve(record ? copyOf(record) : null);
    },

    set(record, { ifVersion }) {
      const current = records.get(record.userId);
      if ((current?.version ?? null) !== ifVersion) return Promise.resolve(null);
      const updatedAt = new Date(now());
      lastVersion += 1;
      const written: TokenRecord = {
        ...copyOf(record),
        version: lastVersion,
        createdAt: current?.createdAt ?? updatedAt,
        updatedAt,
      };
      records.set(record.userId, written);
      return Promise.resolve(copyOf(written));
    },

    delete(userId) {
      leases.delete(userId);
      return Promise.resolve(records.delete(userId));
    },

    acquireLease(userId, { owner, ttlMs }) {
      const current = leases.get(userId);
      const isFree = !current || current.owner === owner || current.endsAt <= now();
      if (isFree) leases.set(userId, { owner, endsAt: now() + ttlMs });
      return Promise.resolve(isFree);
    },

    releaseLease(userId, { owner }) {
      if (leases.get(userId)?.owner === owner) leases.delete(userId);
      return Promise.resolve();
    },

    list({ after, limit }) {
      const userIds = [...records.keys()].sort().filter((userId) => after === undefined || userId > after);
      return Promise.resolve(userIds.slice(0, limit));
    },
  };
}

// Not structuredClone: Jest runs tests in a context of their own, where it answers Dates of another.
function copyOf<Value extends TokenWrite>(record: Value): Value {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      value instanceof Date ? new Date(value) : value,
    ]),
  ) as Value;
}
