import type { TokenRecord } from "../../../../src/tokens/token-store.js";
import { tick, worse, type BrokenStore } from "./worse.js";

/** A store that reads first and writes afterwards, with time for other writes in between. */
function hesitant(change: Partial<{ admitsLoss: boolean }> = {}) {
  return worse((good) => ({
    set: async (record, { ifVersion }) => {
      const current = await good.get(record.userId);
      if ((current?.version ?? null) !== ifVersion) return null;
      await tick();
      const latest = await good.get(record.userId);
      const written = await good.set(record, { ifVersion: latest?.version ?? null });
      return change.admitsLoss && latest?.version !== ifVersion ? null : written;
    },
  }));
}

/** Stores that accept the wrong write. */
export const brokenVersions: readonly BrokenStore[] = [
  {
    fault: "writes over a record where there should be none",
    rule: "ifVersion null writes only if there is no record",
    make: worse((good) => ({
      set: async (record, { ifVersion }) => {
        return good.set(record, { ifVersion: ifVersion ?? (await good.get(record.userId))?.version ?? null });
      },
    })),
  },
  {
    fault: "ignores ifVersion",
    rule: "ifVersion writes only over that very version",
    make: worse((good) => ({
      set: async (record, { ifVersion }) => {
        const current = await good.get(record.userId);
        return good.set(record, { ifVersion: ifVersion === null ? null : (current?.version ?? null) });
      },
    })),
  },
  {
    fault: "accepts versions that are newer",
    rule: "ifVersion writes only over that very version",
    make: worse((good) => ({
      set: async (record, { ifVersion }) => {
        const current = await good.get(record.userId);
        const fits = current !== null && ifVersion !== null && ifVersion >= current.version;
        return good.set(record, { ifVersion: fits ? current.version : ifVersion });
      },
    })),
  },
  {
    fault: "makes a record if there is none to write over",
    rule: "ifVersion of a record that doesn't exist writes nothing",
    make: worse((good) => ({
      set: async (record, { ifVersion }) => {
        return good.set(record, { ifVersion: (await good.get(record.userId)) === null ? null : ifVersion });
      },
    })),
  },
  {
    fault: "reads first and writes afterwards",
    rule: "of several writes at once with the same ifVersion exactly one succeeds",
    make: hesitant(),
  },
  {
    fault: "reads first and writes afterwards",
    rule: "of several first writes at once exactly one succeeds",
    make: hesitant(),
  },
  {
    fault: "reads first and writes afterwards",
    rule: "no write is lost: writers that read and retry until they succeed are all counted",
    make: hesitant(),
  },
  {
    fault: "returns null for a write that it has done",
    rule: "of several writes at once with the same ifVersion exactly one succeeds",
    make: hesitant({ admitsLoss: true }),
  },
  {
    fault: "counts versions from 1 for each record",
    rule: "a version changes with every write and is never used again, not even after a delete",
    make: worse((good) => {
      const first = new Map<string, number>();
      const own = (record: TokenRecord | null) =>
        record && { ...record, version: record.version - (first.get(record.userId) ?? 0) };
      return {
        get: async (userId) => own(await good.get(userId)),
        set: async (record, { ifVersion }) => {
          const before = first.get(record.userId) ?? 0;
          const written = await good.set(record, {
            ifVersion: ifVersion === null ? null : ifVersion + before,
          });
          if (written && ifVersion === null) first.set(record.userId, written.version - 1);
          return own(written);
        },
      };
    }),
  },
  {
    fault: "doesn't delete",
    rule: "delete removes the user's record and returns whether there was one",
    make: worse((good) => ({ delete: async (userId) => (await good.get(userId)) !== null })),
  },
  {
    fault: "always returns that there was a record to delete",
    rule: "delete removes the user's record and returns whether there was one",
    make: worse((good) => ({
      delete: async (userId) => {
        await good.delete(userId);
        return true;
      },
    })),
  },
  {
    fault: "restores a deleted user",
    rule: "a user who is deleted during a write stays deleted",
    make: hesitant(),
  },
];
