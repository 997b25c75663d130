import * as z from "zod/mini";
import type { CalClient } from "../../index.js";
import type { EncryptedJson } from "./encrypted-json.js";

/** JSON that all servers of the application share for a while. */
export interface SharedRecords {
  /** Writes a record, in place of the one with this key. It is gone after `ttlMs`. */
  put(key: string, value: object, ttlMs: number): Promise<void>;
  get<T>(key: string, schema: z.ZodMiniType<T>): Promise<T | null>;
  /** Reads a record and removes it: of several calls at once, one returns it. */
  take<T>(key: string, schema: z.ZodMiniType<T>): Promise<T | null>;
}

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
  return {
    async put(key, value, ttlMs) {
      const data = await encryptedJson.encrypt({ key, endsAt: now() + ttlMs, value });
      await store.put(key, { data, ttlMs });
    },
    get: async (key, schema) => open(key, await store.get(key), schema),
    take: async (key, schema) => open(key, await store.take(key), schema),
  };
}
