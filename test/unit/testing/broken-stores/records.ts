import type { TokenRecord, TokenWrite } from "../../../../src/tokens/token-store.js";
import { tick, worse, type BrokenStore } from "./worse.js";

/** A store that changes a record before it writes it. */
function writing(change: (record: TokenWrite) => TokenWrite) {
  return worse((good) => ({ set: (record, options) => good.set(change(record), options) }));
}

/** A store that mistakes one user for another. */
function confusing(change: (userId: string) => string) {
  return worse((good) => {
    const back = (record: TokenRecord | null, userId: string) => record && { ...record, userId };
    return {
      get: async (userId) => back(await good.get(change(userId)), userId),
      set: async (record, options) => {
        return back(await good.set({ ...record, userId: change(record.userId) }, options), record.userId);
      },
      delete: (userId) => good.delete(change(userId)),
    };
  });
}

/** As a JSON column does. */
function reformat(text: string): string {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return text;
  }
}

const seconds = (date: Date | null) => date && new Date(Math.floor(date.getTime() / 1000) * 1000);

/** Stores that don't return records as they were written. */
export const brokenRecords: readonly BrokenStore[] = [
  {
    fault: "returns undefined for no record",
    rule: "a user without a record has none: get returns null",
    make: worse((good) => ({ get: async (userId) => (await good.get(userId)) ?? (undefined as never) })),
  },
  {
    fault: "ignores a field",
    rule: "a record comes back as it was written, from set and from get",
    make: writing((record) => ({ ...record, calUserId: 1 })),
  },
  {
    fault: "returns the record of before the write",
    rule: "a record comes back as it was written, from set and from get",
    make: worse((good) => ({
      set: async (record, options) => {
        const before = await good.get(record.userId);
        const written = await good.set(record, options);
        return written && (before ?? written);
      },
    })),
  },
  ...[
    { fault: "ignores the case of ids", make: confusing((userId) => userId.toLowerCase()) },
    { fault: "trims ids", make: confusing((userId) => userId.trim()) },
    { fault: "normalizes ids", make: confusing((userId) => userId.normalize("NFC")) },
    { fault: "cuts ids", make: confusing((userId) => userId.slice(0, 255)) },
    { fault: "makes file names of ids", make: confusing((userId) => userId.replace(/[/:]/g, "_")) },
    { fault: "reads ids as numbers", make: confusing((userId) => String(Number(userId) || userId)) },
    {
      fault: "keeps records in a plain object",
      make: worse((good) => {
        const versions: Record<string, number> = {};
        return {
          get: (userId) => (userId in versions ? good.get(userId) : Promise.resolve(null)),
          set: async (record, { ifVersion }) => {
            if ((versions[record.userId] ?? null) !== ifVersion) return null;
            const written = await good.set(record, { ifVersion });
            if (written) versions[record.userId] = written.version;
            return written;
          },
        };
      }),
    },
    {
      fault: "deletes by pattern",
      make: worse((good) => ({
        delete: async (userId) => {
          const ids = (await good.list({ limit: 1000 })).filter((id) => id.startsWith(userId));
          return (await Promise.all(ids.map((id) => good.delete(id)))).length > 0;
        },
      })),
    },
  ].map((store) => ({ ...store, rule: "users are isolated: ids that look alike are different users" })),
  {
    fault: "keeps the record that is being written in a variable of the store",
    rule: "users are isolated: records that are written at the same time do not mix",
    make: worse((good) => {
      let current: TokenWrite;
      return {
        set: async (record, options) => {
          current = record;
          await tick();
          return good.set({ ...current, userId: record.userId }, options);
        },
      };
    }),
  },
  {
    fault: "keeps the old value for null",
    rule: "null fields stay null, and null replaces an earlier value",
    make: worse((good) => ({
      set: async (record, options) => {
        const before = await good.get(record.userId);
        return good.set(
          { ...record, calRefreshToken: record.calRefreshToken ?? before?.calRefreshToken ?? null },
          options,
        );
      },
    })),
  },
  {
    fault: "turns null into an instant",
    rule: "null fields stay null, and null replaces an earlier value",
    make: writing((record) => ({
      ...record,
      calRefreshTokenExpiresAt: new Date(Number(record.calRefreshTokenExpiresAt)),
    })),
  },
  {
    fault: "keeps whole seconds",
    rule: "instants come back to the millisecond, as Dates",
    make: writing((record) => ({
      ...record,
      calAccessTokenExpiresAt: seconds(record.calAccessTokenExpiresAt),
    })),
  },
  {
    fault: "returns instants as text",
    rule: "instants come back to the millisecond, as Dates",
    make: worse((good) => ({
      get: async (userId) => {
        const record = await good.get(userId);
        return record && { ...record, createdAt: record.createdAt.toISOString() as never };
      },
    })),
  },
  ...[
    writing((record) => ({ ...record, calAccessToken: record.calAccessToken.trim() })),
    writing((record) => ({ ...record, calAccessToken: record.calAccessToken.normalize("NFC") })),
    writing((record) => ({ ...record, calAccessToken: record.calAccessToken.replaceAll("''", "'") })),
    writing((record) => ({ ...record, calAccessToken: record.calAccessToken.replaceAll("\r\n", "\n") })),
    writing((record) => ({
      ...record,
      calAccessToken: Buffer.from(record.calAccessToken, "latin1").toString("latin1"),
    })),
  ].map((make, n) => ({
    fault: `changes texts (${n + 1})`,
    rule: "texts come back unchanged: unicode, quotes, placeholders, spaces",
    make,
  })),
  {
    fault: "cuts long values",
    rule: "tokens of 131,073 bytes come back whole",
    make: writing((record) => ({ ...record, calAccessToken: record.calAccessToken.slice(0, 65_535) })),
  },
  ...[
    { fault: "drops details", make: writing((record) => ({ ...record, details: null })) },
    {
      fault: "keeps details as JSON",
      make: writing((record) => ({ ...record, details: record.details && reformat(record.details) })),
    },
    {
      fault: "cuts details at 4,096 characters",
      make: writing((record) => ({ ...record, details: record.details && record.details.slice(0, 4096) })),
    },
    {
      fault: "has no room for letters of four bytes",
      make: writing((record) => ({
        ...record,
        details: record.details && record.details.replaceAll(/[\u{10000}-\u{10ffff}]/gu, "?"),
      })),
    },
  ].map((store) => ({ ...store, rule: "details come back unchanged: JSON of 4 kB, and 6 kB of text" })),
  {
    fault: "ignores calServer",
    rule: "a record comes back as it was written, from set and from get",
    make: writing((record) => ({ ...record, calServer: "" })),
  },
  {
    fault: "returns the object that it keeps",
    rule: "records are values: changing one that was passed or returned changes nothing that is stored",
    make: worse((good) => {
      const kept = new Map<string, TokenRecord>();
      return {
        get: async (userId) => {
          const record = await good.get(userId);
          if (record && kept.get(userId)?.version !== record.version) kept.set(userId, record);
          return record && (kept.get(userId) ?? null);
        },
      };
    }),
  },
  {
    fault: "keeps the Dates it was given",
    rule: "records are values: changing one that was passed or returned changes nothing that is stored",
    make: worse((good) => {
      const dates = new Map<string, Date | null>();
      return {
        set: (record, options) => {
          dates.set(record.userId, record.calAccessTokenExpiresAt);
          return good.set(record, options);
        },
        get: async (userId) => {
          const record = await good.get(userId);
          return record && { ...record, calAccessTokenExpiresAt: dates.get(userId) ?? null };
        },
      };
    }),
  },
  {
    fault: "creates the record again with each write",
    rule: "createdAt stays and updatedAt never goes back",
    make: worse((good) => {
      let created = 0;
      return {
        set: async (record, options) => {
          const written = await good.set(record, options);
          return written && { ...written, createdAt: new Date((created += 1)) };
        },
      };
    }),
  },
  {
    fault: "lists a user twice",
    rule: "list, if the store has it, returns every user once, page by page",
    make: worse((good) => ({
      list: async ({ after, limit }) => {
        const all = await good.list({ limit: 1000 });
        return all.slice(after === undefined ? 0 : all.indexOf(after), all.length).slice(0, limit);
      },
    })),
  },
  {
    fault: "leaves users out of the list",
    rule: "list, if the store has it, returns every user once, page by page",
    make: worse(() => ({ list: () => Promise.resolve([]) })),
  },
];
