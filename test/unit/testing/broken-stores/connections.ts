import { memoryConnectionStore } from "../../../../src/stores/memory-connections.js";
import type { ConnectionState, ConnectionStore } from "../../../../src/stores/connection-store.js";
import { tick } from "./worse.js";

/** A connection store with one fault, and the rule that it breaks. */
interface BrokenConnectionStore {
  fault: string;
  /** The name of the case that must fail. */
  rule: string;
  make: (now: () => number) => ConnectionStore;
}

/** A memory store with some methods replaced. */
function worse(change: (good: ConnectionStore, now: () => number) => Partial<ConnectionStore>) {
  return (now: () => number): ConnectionStore => {
    const good = memoryConnectionStore({ now });
    return { ...good, ...change(good, now) };
  };
}

/** The user is written again as it is, so with a new version and without a claim. */
async function rewrite(good: ConnectionStore, state: ConnectionState): Promise<ConnectionState> {
  return (await good.set(state, { ifVersion: state.version }))!;
}

export const brokenConnectionStores: readonly BrokenConnectionStore[] = [
  {
    fault: "returns undefined for an unknown user",
    rule: "a user without a state has none: get returns null",
    make: worse((good) => ({ get: async (userId) => (await good.get(userId)) ?? (undefined as never) })),
  },
  {
    fault: "cuts long text",
    rule: "a state is kept as it was written: any text, no text, instants to the millisecond",
    make: worse((good) => ({
      set: (state, options) =>
        good.set({ ...state, details: state.details?.slice(0, 4096) ?? null }, options),
    })),
  },
  {
    fault: "keeps seconds only",
    rule: "a state is kept as it was written: any text, no text, instants to the millisecond",
    make: worse((good) => ({
      set: (state, options) =>
        good.set({ ...state, dueAt: new Date(Math.floor(state.dueAt.getTime() / 1000) * 1000) }, options),
    })),
  },
  {
    fault: "ignores the case of user ids",
    rule: "two different user ids are never treated as one, whatever they look like",
    make: worse((good) => ({
      get: (userId) => good.get(userId.toLowerCase()),
      set: (state, options) => good.set({ ...state, userId: state.userId.toLowerCase() }, options),
    })),
  },
  {
    fault: "overwrites with ifVersion null",
    rule: "ifVersion null writes only if there is no state",
    make: worse((good) => ({
      set: async (state, { ifVersion }) => {
        const current = ifVersion === null ? await good.get(state.userId) : null;
        return good.set(state, { ifVersion: current?.version ?? ifVersion });
      },
    })),
  },
  {
    fault: "keeps the version of a state",
    rule: "ifVersion writes only over that very version, and gives a new one",
    make: worse(() => {
      const rows = new Map<string, ConnectionState>();
      return {
        get: (userId) => Promise.resolve(rows.get(userId) ?? null),
        set: (state, { ifVersion }) => {
          if ((rows.has(state.userId) ? 1 : null) !== ifVersion) return Promise.resolve(null);
          rows.set(state.userId, { ...state, version: 1 });
          return Promise.resolve({ ...state, version: 1 });
        },
      };
    }),
  },
  {
    fault: "reads the version first and writes afterwards",
    rule: "of several writes at once with the same ifVersion exactly one succeeds, first writes too",
    make: worse((good) => ({
      set: async (state, { ifVersion }) => {
        if (((await good.get(state.userId))?.version ?? null) !== ifVersion) return null;
        await tick();
        return good.set(state, { ifVersion: (await good.get(state.userId))?.version ?? null });
      },
    })),
  },
  {
    fault: "starts with version 1 after a delete",
    rule: "a deleted state is gone, and a write for its version writes nothing, also when there is a new one",
    make: worse((good) => {
      const offsets = new Map<string, number>();
      const outside = (state: ConnectionState | null) =>
        state && { ...state, version: state.version - (offsets.get(state.userId) ?? 0) };
      return {
        get: async (userId) => outside(await good.get(userId)),
        set: async (state, { ifVersion }) => {
          const offset = offsets.get(state.userId) ?? 0;
          const written = await good.set(state, {
            ifVersion: ifVersion === null ? null : ifVersion + offset,
          });
          if (written && ifVersion === null) offsets.set(state.userId, written.version - 1);
          return outside(written);
        },
      };
    }),
  },
  {
    fault: "keeps the object that it was given",
    rule: "states are values: what a caller does to one later changes nothing in the store",
    make: worse((good) => {
      const given = new Map<string, ConnectionState>();
      return {
        get: async (userId) => (await good.get(userId)) && (given.get(userId) ?? null),
        set: async (state, options) => {
          const written = await good.set(state, options);
          if (written) given.set(state.userId, Object.assign(state, { version: written.version }));
          return written;
        },
      };
    }),
  },
  {
    fault: "claims users who are not due",
    rule: "claim: those who are due are claimed, with their state, and others are not",
    make: (now) => {
      let ahead = 0;
      const good = memoryConnectionStore({ now: () => now() + ahead });
      return {
        ...good,
        claimDue: (options) => {
          ahead = 1e13;
          return good.claimDue(options);
        },
      };
    },
  },
  {
    fault: "claims those first who are due last",
    rule: "claim: those who have been due for longest come first, no more than the limit",
    make: worse((good) => ({
      claimDue: async ({ limit, leaseMs }) => {
        const all = await good.claimDue({ limit: 1e6, leaseMs });
        const page = all.splice(-limit);
        for (const [n, state] of all.entries()) {
          await good.set({ ...state, dueAt: new Date(n) }, { ifVersion: state.version });
        }
        return page;
      },
    })),
  },
  {
    fault: "returns those who are due without a claim, once for each call",
    rule: "claim: no other caller gets a claimed user until the claim ends; then the user is due again",
    make: worse((good) => ({
      claimDue: ({ limit, leaseMs }) => good.claimDue({ limit, leaseMs: leaseMs > 1000 ? leaseMs : 1e9 }),
    })),
  },
  {
    fault: "reads who is due first and claims afterwards",
    rule: "claim: of several calls at once no two get the same user",
    make: worse((good) => {
      let reading: Promise<ConnectionState[]> | undefined;
      return {
        claimDue: async (options) => {
          reading ??= good.claimDue(options);
          const due = await reading;
          await tick();
          reading = undefined;
          return due;
        },
      };
    }),
  },
  {
    fault: "claims without a new version",
    rule: "claim: it gives a new version, with which the claimer writes; who read the state before can't",
    make: worse((good) => {
      const before = new Map<string, number>();
      return {
        set: async (state, { ifVersion }) => {
          const current = await good.get(state.userId);
          const isOld = current !== null && before.get(state.userId) === ifVersion;
          const written = await good.set(state, { ifVersion: isOld ? current.version : ifVersion });
          if (written) before.set(state.userId, written.version);
          return written;
        },
      };
    }),
  },
  {
    fault: "keeps the claim at a write",
    rule: "claim: a write ends it",
    make: worse((good, now) => {
      const claims = new Map<string, number>();
      return {
        claimDue: async ({ limit, leaseMs }) => {
          const due = await good.claimDue({ limit, leaseMs });
          const free = due.filter(({ userId }) => (claims.get(userId) ?? 0) <= now());
          for (const { userId } of free) claims.set(userId, now() + leaseMs);
          return free;
        },
      };
    }),
  },
  {
    fault: "claims deleted users",
    rule: "claim: a deleted user is not claimed",
    make: worse((good) => {
      const deleted = new Map<string, ConnectionState>();
      return {
        delete: async (userId) => {
          const state = await good.get(userId);
          if (state) deleted.set(userId, state);
          await good.delete(userId);
        },
        claimDue: async (options) => {
          const ghosts = [...deleted.values()];
          deleted.clear();
          return [...(await good.claimDue(options)), ...ghosts].slice(0, options.limit);
        },
      };
    }),
  },
  {
    fault: "makes no unknown user due",
    rule: "makeDue: a user without a state gets one without details, and is due",
    make: worse((good) => ({
      makeDue: async (userId) => {
        if (await good.get(userId)) await good.makeDue(userId);
      },
    })),
  },
  {
    fault: "forgets the details in makeDue",
    rule: "makeDue: a user who is not due is due now, keeps the details, and has a new version",
    make: worse((good) => ({
      makeDue: async (userId) => {
        await good.delete(userId);
        await good.makeDue(userId);
      },
    })),
  },
  {
    fault: "writes at every makeDue",
    rule: "makeDue: nothing changes for a user who is due, the version neither",
    make: worse((good) => ({
      makeDue: async (userId) => {
        await good.makeDue(userId);
        await rewrite(good, (await good.get(userId))!);
      },
    })),
  },
  {
    fault: "ends a claim in makeDue",
    rule: "makeDue: during a claim it ends no claim, and the claimer's write fails, so that it is noticed",
    make: worse((good) => ({
      makeDue: async (userId) => {
        await good.makeDue(userId);
        const state = await good.get(userId);
        if (state?.details != null) await rewrite(good, state);
      },
    })),
  },
];
