import { tick, worse, type BrokenStore } from "./worse.js";

const rule = (name: string) => `attempts, if the store keeps them: ${name}`;

/** Stores that do not keep attempts as they should. */
export const brokenAttempts: readonly BrokenStore[] = [
  {
    fault: "cuts attempts at 4,096 characters",
    rule: rule("texts of up to 8 kB come back unchanged, and stay"),
    make: worse((good) => ({
      putAttempt: (id, { data, ttlMs }) => good.putAttempt(id, { data: data.slice(0, 4096), ttlMs }),
    })),
  },
  {
    fault: "removes an attempt when it is read",
    rule: rule("texts of up to 8 kB come back unchanged, and stay"),
    make: worse((good) => ({ getAttempt: (id) => good.takeAttempt(id) })),
  },
  {
    fault: "reads the empty text as no attempt",
    rule: rule("texts of up to 8 kB come back unchanged, and stay"),
    make: worse((good) => ({ getAttempt: async (id) => (await good.getAttempt(id)) || null })),
  },
  {
    fault: "lacks takeAttempt",
    rule: rule("take returns it and removes it"),
    make: worse(() => ({ takeAttempt: undefined as never })),
  },
  {
    fault: "returns undefined for no attempt",
    rule: rule("there is none under an id that was never put"),
    make: worse((good) => ({
      takeAttempt: async (id) => (await good.takeAttempt(id)) ?? (undefined as never),
    })),
  },
  {
    fault: "keeps the first attempt under an id",
    rule: rule("put replaces what is there, with its time to live"),
    make: worse((good) => ({
      putAttempt: async (id, options) => {
        if ((await good.getAttempt(id)) === null) await good.putAttempt(id, options);
      },
    })),
  },
  {
    fault: "keeps the time to live of the first attempt under an id",
    rule: rule("put replaces what is there, with its time to live"),
    make: worse((good, now) => {
      const expiries = new Map<string, number>();
      return {
        putAttempt: (id, { data, ttlMs }) => {
          const expiresAt = expiries.get(id) ?? now() + ttlMs;
          expiries.set(id, expiresAt);
          return good.putAttempt(id, { data, ttlMs: expiresAt - now() });
        },
      };
    }),
  },
  {
    fault: "lets no attempt expire",
    rule: rule("they expire"),
    make: worse((good) => ({ putAttempt: (id, { data }) => good.putAttempt(id, { data, ttlMs: 1e9 }) })),
  },
  {
    fault: "takes expired attempts",
    rule: rule("they expire"),
    make: worse((good) => {
      const data = new Map<string, string>();
      return {
        putAttempt: (id, options) => {
          data.set(id, options.data);
          return good.putAttempt(id, options);
        },
        takeAttempt: async (id) => {
          const kept = data.get(id) ?? null;
          data.delete(id);
          await good.takeAttempt(id);
          return kept;
        },
      };
    }),
  },
  {
    fault: "doesn't remove what is taken",
    rule: rule("take returns it and removes it"),
    make: worse((good) => ({ takeAttempt: (id) => good.getAttempt(id) })),
  },
  {
    fault: "removes all attempts with one",
    rule: rule("take returns it and removes it"),
    make: worse((good) => {
      const ids = new Set<string>();
      return {
        putAttempt: (id, options) => {
          ids.add(id);
          return good.putAttempt(id, options);
        },
        takeAttempt: async (id) => {
          const taken = await good.takeAttempt(id);
          for (const other of ids) await good.takeAttempt(other);
          return taken;
        },
      };
    }),
  },
  {
    fault: "reads first and removes afterwards",
    rule: rule("of several takes at once exactly one returns it"),
    make: worse((good) => ({
      takeAttempt: async (id) => {
        const data = await good.getAttempt(id);
        await tick();
        await good.takeAttempt(id);
        return data;
      },
    })),
  },
  {
    fault: "ignores the case of ids",
    rule: rule("ids that look alike are different, and no user's"),
    make: worse((good) => ({
      putAttempt: (id, options) => good.putAttempt(id.toLowerCase(), options),
      getAttempt: (id) => good.getAttempt(id.toLowerCase()),
      takeAttempt: (id) => good.takeAttempt(id.toLowerCase()),
    })),
  },
  {
    fault: "keeps attempts where it keeps leases",
    rule: rule("ids that look alike are different, and no user's"),
    make: worse((good) => ({
      acquireLease: async (userId, options) =>
        (await good.getAttempt(userId)) === null && (await good.acquireLease(userId, options)),
    })),
  },
  {
    fault: "deletes the attempt with the user of the same id",
    rule: rule("ids that look alike are different, and no user's"),
    make: worse((good) => ({
      delete: async (userId) => {
        await good.takeAttempt(userId);
        return good.delete(userId);
      },
    })),
  },
];
