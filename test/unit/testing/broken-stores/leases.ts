import { tick, worse, type BrokenStore } from "./worse.js";

/** Stores whose leases are given to too many owners, or to none. */
export const brokenLeases: readonly BrokenStore[] = [
  {
    fault: "gives the lease to every owner",
    rule: "lease: while one owner holds it, others are refused",
    make: worse(() => ({ acquireLease: () => Promise.resolve(true) })),
  },
  {
    fault: "ignores the case of owners",
    rule: "lease: while one owner holds it, others are refused",
    make: worse((good) => ({
      acquireLease: (userId, { owner, ttlMs }) =>
        good.acquireLease(userId, { owner: owner.toLowerCase(), ttlMs }),
    })),
  },
  {
    fault: "reads the lease first and writes it afterwards",
    rule: "lease: of several owners at once exactly one gets it",
    make: worse((good) => {
      const holders = new Map<string, string>();
      return {
        acquireLease: async (userId, options) => {
          const isFree = [undefined, options.owner].includes(holders.get(userId));
          await tick();
          if (isFree) holders.set(userId, options.owner);
          return isFree || good.acquireLease(userId, options);
        },
        releaseLease: (userId) => Promise.resolve(void holders.delete(userId)),
      };
    }),
  },
  {
    fault: "never lets a lease expire",
    rule: "lease: it expires",
    make: worse((good) => ({
      acquireLease: (userId, { owner }) => good.acquireLease(userId, { owner, ttlMs: 1e9 }),
    })),
  },
  {
    fault: "doesn't renew",
    rule: "lease: its owner renews it, and it then lasts from the renewal",
    make: worse((good) => {
      const held = new Set<string>();
      return {
        acquireLease: async (userId, options) => {
          const key = JSON.stringify([userId, options.owner]);
          if (held.has(key)) return true;
          const got = await good.acquireLease(userId, options);
          if (got) held.add(key);
          return got;
        },
      };
    }),
  },
  {
    fault: "lets any owner release a lease",
    rule: "lease: another owner's release does nothing",
    make: worse((good, now) => {
      const holders = new Map<string, { owner: string; endsAt: number }>();
      return {
        acquireLease: (userId, { owner, ttlMs }) => {
          const held = holders.get(userId);
          if (held && held.owner !== owner && held.endsAt > now()) return Promise.resolve(false);
          holders.set(userId, { owner, endsAt: now() + ttlMs });
          return Promise.resolve(true);
        },
        releaseLease: (userId) => Promise.resolve(void holders.delete(userId)),
        delete: (userId) => {
          holders.delete(userId);
          return good.delete(userId);
        },
      };
    }),
  },
  {
    fault: "doesn't release leases",
    rule: "lease: released, it is free at once",
    make: worse(() => ({ releaseLease: () => Promise.resolve() })),
  },
  {
    fault: "lets an owner whose lease has expired release the new lease",
    rule: "lease: an owner whose lease has expired neither has it nor releases it",
    make: worse((good) => {
      const current = new Map<string, string>();
      const past = new Map<string, Set<string>>();
      return {
        acquireLease: async (userId, options) => {
          const got = await good.acquireLease(userId, options);
          if (got) {
            current.set(userId, options.owner);
            past.set(userId, (past.get(userId) ?? new Set()).add(options.owner));
          }
          return got;
        },
        releaseLease: (userId, { owner }) => {
          const known = past.get(userId)?.has(owner) ?? false;
          return good.releaseLease(userId, { owner: known ? (current.get(userId) ?? owner) : owner });
        },
      };
    }),
  },
  {
    fault: "has one lease for all",
    rule: "lease: each user has one of their own",
    make: worse((good) => ({
      acquireLease: (_, options) => good.acquireLease("all", options),
      releaseLease: (_, options) => good.releaseLease("all", options),
    })),
  },
  {
    fault: "writes the record with the lease",
    rule: "lease: it changes neither the tokens nor their version",
    make: worse((good) => ({
      acquireLease: async (userId, options) => {
        const record = await good.get(userId);
        if (record) await good.set(record, { ifVersion: record.version });
        return good.acquireLease(userId, options);
      },
    })),
  },
  {
    fault: "releases the lease with a write",
    rule: "lease: a write neither needs it nor releases it",
    make: worse((good) => {
      const owners = new Map<string, string>();
      return {
        acquireLease: async (userId, options) => {
          const got = await good.acquireLease(userId, options);
          if (got) owners.set(userId, options.owner);
          return got;
        },
        set: async (record, options) => {
          await good.releaseLease(record.userId, { owner: owners.get(record.userId) ?? "" });
          return good.set(record, options);
        },
      };
    }),
  },
  {
    fault: "keeps the lease in the record",
    rule: "lease: it needs no record",
    make: worse((store) => ({
      acquireLease: async (userId, options) =>
        (await store.get(userId)) !== null && (await store.acquireLease(userId, options)),
    })),
  },
  {
    fault: "deletes the lease with the record",
    rule: "lease: deleting the record doesn't release it",
    make: worse((good) => {
      const owners = new Map<string, string>();
      return {
        acquireLease: async (userId, options) => {
          const got = await good.acquireLease(userId, options);
          if (got) owners.set(userId, options.owner);
          return got;
        },
        delete: async (userId) => {
          await good.releaseLease(userId, { owner: owners.get(userId) ?? "" });
          return good.delete(userId);
        },
      };
    }),
  },
];
