import { tick, worse, type BrokenStore } from "./worse.js";

const rule = (name: string) => `reassign, if the store has it: ${name}`;

/** Stores that do not give a record to another user as they should. */
export const brokenReassigns: readonly BrokenStore[] = [
  {
    fault: "copies the record",
    rule: rule("the record is the new user's, and no longer the former user's"),
    make: worse((good) => ({
      reassign: async (record, { from, ifVersion }) => {
        const before = await good.get(from);
        const moved = await good.reassign(record, { from, ifVersion });
        if (moved && before) await good.set({ ...before, calUserId: -before.calUserId }, { ifVersion: null });
        return moved;
      },
    })),
  },
  {
    fault: "leaves the version as it was",
    rule: rule("the record is the new user's, and no longer the former user's"),
    make: worse((good) => ({
      reassign: async (record, options) => {
        const moved = await good.reassign(record, options);
        return moved && { ...moved, version: options.ifVersion };
      },
    })),
  },
  {
    fault: "creates the record again",
    rule: rule("the record is the new user's, and no longer the former user's"),
    make: worse((good) => ({
      reassign: async (record, options) => {
        const moved = await good.reassign(record, options);
        return moved && { ...moved, createdAt: new Date(0) };
      },
    })),
  },
  {
    fault: "ignores ifVersion",
    rule: rule("returns null if the former user has no record of that version"),
    make: worse((good) => ({
      reassign: async (record, { from }) => {
        const before = await good.get(from);
        return before && good.reassign(record, { from, ifVersion: before.version });
      },
    })),
  },
  {
    fault: "writes over the new user's record",
    rule: rule("returns null if the new user has a record"),
    make: worse((good) => ({
      reassign: async (record, options) => {
        await good.delete(record.userId);
        return good.reassign(record, options);
      },
    })),
  },
  {
    fault: "returns null if a third user has the Cal.com user",
    rule: rule("rejects with CalUserInUseError if a third user has the Cal.com user"),
    make: worse((good) => ({
      reassign: (record, options) => good.reassign(record, options).catch(() => null),
    })),
  },
  {
    fault: "reads first and writes afterwards",
    rule: rule("of several at once exactly one succeeds"),
    make: worse((good) => ({
      reassign: async (record, { from, ifVersion }) => {
        const before = await good.get(from);
        if (before?.version !== ifVersion || (await good.get(record.userId))) return null;
        await tick();
        await good.delete(from);
        const moved = await good.set({ ...record, calUserId: Math.random() }, { ifVersion: null });
        return moved && { ...moved, calUserId: record.calUserId };
      },
    })),
  },
];
