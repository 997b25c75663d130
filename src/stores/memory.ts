import { CalUserInUseError } from "../errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../tokens/token-store.js";

/** Options of {@link memoryTokenStore}. */
export interface MemoryTokenStoreOptions {
  /**
   * The clock, in milliseconds since 1970.
   * @defaultValue `Date.now`
   */
  now?: (() => number) | undefined;
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
// eslint-disable-next-line max-lines-per-function -- one closure is one store, and its methods share the maps
export function memoryTokenStore(options: MemoryTokenStoreOptions = {}): Required<TokenStore> {
  const now = options.now ?? Date.now;
  const records = new Map<string, TokenRecord>();
  const leases = new Map<string, { owner: string; endsAt: number }>();
  const attempts = new Map<string, { data: string; endsAt: number }>();
  let lastVersion = 0;

  function write(record: TokenWrite, current: TokenRecord | undefined): TokenRecord {
    const updatedAt = new Date(now());
    lastVersion += 1;
    const createdAt = current?.createdAt ?? updatedAt;
    const written = { ...copyOf(record), version: lastVersion, createdAt, updatedAt };
    records.set(record.userId, written);
    return copyOf(written);
  }

  /** @param replaced - The user whose record the write replaces. */
  function assertNotInUse({ calServer, calUserId }: TokenWrite, replaced: string): void {
    for (const other of records.values()) {
      const isSame = other.calServer === calServer && other.calUserId === calUserId;
      if (isSame && other.userId !== replaced) throw new CalUserInUseError();
    }
  }

  function readAttempt(id: string): string | null {
    // Expired attempts are removed here: no timer that would keep a process running.
    for (const [key, { endsAt }] of attempts) if (endsAt <= now()) attempts.delete(key);
    return attempts.get(id)?.data ?? null;
  }

  return {
    get: async (userId) => {
      const record = records.get(userId);
      return record ? copyOf(record) : null;
    },

    set: async (record, { ifVersion }) => {
      const current = records.get(record.userId);
      if ((current?.version ?? null) !== ifVersion) return null;
      const isSameAccount = current?.calServer === record.calServer && current.calUserId === record.calUserId;
      // A refresh, the most frequent write, does not change whose account it is.
      if (!isSameAccount) assertNotInUse(record, record.userId);
      return write(record, current);
    },

    delete: async (userId) => records.delete(userId),

    acquireLease: async (userId, { owner, ttlMs }) => {
      const current = leases.get(userId);
      const isFree = !current || current.owner === owner || current.endsAt <= now();
      if (isFree) leases.set(userId, { owner, endsAt: now() + ttlMs });
      return isFree;
    },

    releaseLease: async (userId, { owner }) => {
      if (leases.get(userId)?.owner === owner) leases.delete(userId);
    },

    putAttempt: async (id, { data, ttlMs }) => void attempts.set(id, { data, endsAt: now() + ttlMs }),

    getAttempt: async (id) => readAttempt(id),

    takeAttempt: async (id) => {
      const data = readAttempt(id);
      attempts.delete(id);
      return data;
    },

    list: async ({ after, limit }) => {
      const userIds = [...records.keys()].sort().filter((userId) => after === undefined || userId > after);
      return userIds.slice(0, limit);
    },

    findUser: async ({ calServer, calUserId }) => {
      const found = [...records.values()].find(
        (record) => record.calServer === calServer && record.calUserId === calUserId,
      );
      return found?.userId ?? null;
    },

    reassign: async (record, { from, ifVersion }) => {
      const current = records.get(from);
      if (current?.version !== ifVersion || records.has(record.userId)) return null;
      assertNotInUse(record, from);
      records.delete(from);
      return write(record, current);
    },
  };
}

// Not structuredClone: Jest runs tests in a realm of its own, where it returns Dates of another realm.
function copyOf<Value extends TokenWrite>(record: Value): Value {
  return Object.fromEntries(
    Object.entries(record).map(([key, value]: [string, unknown]) => [
      key,
      value instanceof Date ? new Date(value) : value,
    ]),
  ) as Value;
}
