import type { TokenStore } from "../../tokens/token-store.js";
import { assertStorableText, assertStorableUserId, entryKey } from "../assert-record.js";
import { isUniqueViolation, withPrismaErrors } from "./errors.js";
import { assertWhole, databaseNow, selectAll, type PrismaModel } from "./model.js";

/** The fields of the model for leases and attempts. */
export const entryFields = ["key", "value", "expiresAt"] as const;

/** Expired entries that a put removes, at most. */
const MAX_REMOVED = 100;
/** How often a lease is looked at again that changed meanwhile. */
const MAX_LOOKS = 3;

interface Entry {
  key: string;
  value: string;
  expiresAt: Date;
}

type Entries = Required<
  Pick<TokenStore, "acquireLease" | "releaseLease" | "putAttempt" | "getAttempt" | "takeAttempt">
>;

/**
 * Leases and attempts: values with an expiry, in a model of their own. Each write is one conditional statement. They
 * expire by the database's clock, which is read before the entry: an entry can only seem to last longer.
 */
// eslint-disable-next-line max-lines-per-function -- one closure over the model, and its methods share the reads and writes
export function prismaEntries(prisma: object, model: PrismaModel): Entries {
  const select = selectAll(entryFields);

  async function read(key: string): Promise<{ entry: Entry | null; now: Date }> {
    const [now, rows] = await Promise.all([
      databaseNow(prisma),
      model.findMany({ where: { key }, select, take: 1 }),
    ]);
    const [row] = rows;
    return { entry: row ? (assertWhole(row, entryFields) as unknown as Entry) : null, now };
  }

  async function create(entry: Entry): Promise<boolean> {
    try {
      await model.create({ data: entry, select });
      return true;
    } catch (error) {
      // Another process was first.
      if (isUniqueViolation(error)) return false;
      throw error;
    }
  }

  async function acquire(key: string, owner: string, ttlMs: number): Promise<boolean> {
    for (let looks = 0; looks < MAX_LOOKS; looks += 1) {
      const { entry, now } = await read(key);
      const expiresAt = new Date(now.getTime() + ttlMs);
      if (entry === null) {
        if (await create({ key, value: owner, expiresAt })) return true;
        continue;
      }
      if (entry.value !== owner && entry.expiresAt > now) return false;
      const { count } = await model.updateMany({
        where: { key, OR: [{ value: owner }, { expiresAt: { lte: now } }] },
        data: { value: owner, expiresAt },
      });
      if (count > 0) return true;
    }
    return false;
  }

  async function put(key: string, value: string, ttlMs: number): Promise<void> {
    const now = await databaseNow(prisma);
    const expiresAt = new Date(now.getTime() + ttlMs);
    try {
      await model.upsert({
        where: { key },
        create: { key, value, expiresAt },
        update: { value, expiresAt },
        select,
      });
    } catch (error) {
      // Another process has just created it.
      if (!isUniqueViolation(error)) throw error;
      await model.updateMany({ where: { key }, data: { value, expiresAt } });
    }
    await removeExpired(now);
  }

  /** There is no timer that would remove them. */
  async function removeExpired(now: Date): Promise<void> {
    const where = { expiresAt: { lte: now } };
    const rows = await model.findMany({ where, orderBy: { expiresAt: "asc" }, select, take: MAX_REMOVED });
    if (rows.length === 0) return;
    const keys = rows.map((row) => assertWhole(row, entryFields)["key"]);
    await model.deleteMany({ where: { ...where, key: { in: keys } } });
  }

  async function take(key: string): Promise<string | null> {
    for (;;) {
      const { entry, now } = await read(key);
      if (entry === null || entry.expiresAt <= now) return null;
      const { count } = await model.deleteMany({ where: { key, value: entry.value } });
      if (count > 0) return entry.value;
      // It was taken, or replaced.
    }
  }

  return {
    async acquireLease(userId, { owner, ttlMs }) {
      assertStorableUserId(userId);
      return withPrismaErrors("acquire the user's lease", () =>
        acquire(entryKey.lease(userId), owner, ttlMs),
      );
    },

    async releaseLease(userId, { owner }) {
      assertStorableUserId(userId);
      const where = { key: entryKey.lease(userId), value: owner };
      await withPrismaErrors("release the user's lease", () => model.deleteMany({ where }));
    },

    async putAttempt(id, { data, ttlMs }) {
      assertStorableText(id, "The attempt's id");
      assertStorableText(data, "data");
      await withPrismaErrors("keep the attempt", () => put(entryKey.attempt(id), data, ttlMs), [data]);
    },

    async getAttempt(id) {
      assertStorableText(id, "The attempt's id");
      const { entry, now } = await withPrismaErrors("read the attempt", () => read(entryKey.attempt(id)));
      return entry && entry.expiresAt > now ? entry.value : null;
    },

    async takeAttempt(id) {
      assertStorableText(id, "The attempt's id");
      return withPrismaErrors("take the attempt", () => take(entryKey.attempt(id)));
    },
  };
}
