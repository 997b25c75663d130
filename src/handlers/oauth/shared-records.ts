import * as z from "zod/mini";
import type { CalClient } from "../../index.js";
import { growingPauses, pause } from "../../lib/backoff.js";
import type { EncryptedJson } from "./encrypted-json.js";

/** JSON that all servers of the application share for a while. */
export interface SharedRecords {
  /** Writes a record, in place of the one with this key. It is gone after `ttlMs`. */
  put(key: string, value: object, ttlMs: number): Promise<void>;
  get<T>(key: string, schema: z.ZodMiniType<T>): Promise<T | null>;
  /** Reads a record and removes it: of several calls at once, one returns it. */
  take<T>(key: string, schema: z.ZodMiniType<T>): Promise<T | null>;
  /** Changes a record, also while other servers change it: one after another, by a lease. */
  update<T extends object>(
    key: string,
    record: RecordType<T>,
    change: (current: T | null) => T,
  ): Promise<void>;
}

/** What is in a record, and for how long. */
interface RecordType<T> {
  schema: z.ZodMiniType<T>;
  ttlMs: number;
}

const MAX_LOOKS = 12;
const LEASE_TTL_MS = 5_000;

const recordSchema = z.object({ key: z.string(), endsAt: z.number(), value: z.unknown() });

/**
 * Keeps records in the token store, encrypted with the key of the states. The key of the record and its end are part of
 * what is encrypted: write access to the table is not enough to make a record, to move one to another user, or to put an
 * old one back for longer than it was valid.
 */
export function createSharedRecords(
  store: NonNullable<CalClient["attempts"]>,
  { encryptedJson, now }: { encryptedJson: EncryptedJson; now: () => number },
): SharedRecords {
  async function open<T>(key: string, data: string | null, schema: z.ZodMiniType<T>): Promise<T | null> {
    if (data === null) return null;
    const record = z.safeParse(recordSchema, await encryptedJson.decrypt(data));
    if (!record.success || record.data.key !== key || record.data.endsAt <= now()) return null;
    const value = z.safeParse(schema, record.data.value);
    return value.success ? value.data : null;
  }
  const records: SharedRecords = {
    async put(key, value, ttlMs) {
      const data = await encryptedJson.encrypt({ key, endsAt: now() + ttlMs, value });
      await store.put(key, { data, ttlMs });
    },
    get: async (key, schema) => open(key, await store.get(key), schema),
    take: async (key, schema) => open(key, await store.take(key), schema),
    async update(key, { schema, ttlMs }, change) {
      const lease = { owner: crypto.randomUUID(), ttlMs: LEASE_TTL_MS };
      const pauses = growingPauses();
      // A server that was stopped may have left one. Without it, the change of another server could be lost.
      for (let looks = 0; looks < MAX_LOOKS && !(await store.acquireLease(key, lease)); looks += 1) {
        await pause(pauses.next().value);
      }
      try {
        await records.put(key, change(await records.get(key, schema)), ttlMs);
      } finally {
        await store.releaseLease(key, lease);
      }
    },
  };
  return records;
}

/** Whether two values that were read with one schema are equal. */
export function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** The list with an entry at its end, unless it is there; without the oldest entries if there are too many. */
export function withEntry<T>(list: T[], entry: T, max: number): T[] {
  return list.some((one) => isSame(one, entry)) ? list : [...list, entry].slice(-max);
}
