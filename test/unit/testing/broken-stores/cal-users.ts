import { CalUserInUseError } from "../../../../src/errors.js";
import type { TokenRecord, TokenStore, TokenWrite } from "../../../../src/tokens/token-store.js";
import { tick, worse, type BrokenStore } from "./worse.js";

const inUse = "a Cal.com user that another user has: set rejects with CalUserInUseError and writes nothing";
const atOnce = "of several users that are given one Cal.com user at once exactly one gets it";

/** A store that lets users share Cal.com users: it gives each of them a number of its own inside. */
function sharing(good: Required<TokenStore>): Required<TokenStore> {
  const real = new Map<string, number>();
  let last = 0;
  const back = (record: TokenRecord | null) =>
    record && { ...record, calUserId: real.get(`${record.userId} ${record.version}`) ?? record.calUserId };
  const remember = (record: TokenRecord | null, { calUserId }: TokenWrite) => {
    if (record) real.set(`${record.userId} ${record.version}`, calUserId);
    return back(record);
  };
  const own = (record: TokenWrite) => ({ ...record, calUserId: (last += 1) });
  return {
    ...good,
    get: async (userId) => back(await good.get(userId)),
    set: async (record, options) => remember(await good.set(own(record), options), record),
    reassign: async (record, options) => remember(await good.reassign(own(record), options), record),
  };
}

/** Stores that give one Cal.com user to several users, or refuse free ones. */
export const brokenCalUsers: readonly BrokenStore[] = [
  { fault: "doesn't check", rule: inUse, make: worse((good) => sharing(good)) },
  {
    fault: "returns null instead of the error",
    rule: inUse,
    make: worse((good) => ({ set: (record, options) => good.set(record, options).catch(() => null) })),
  },
  {
    fault: "checks new records only",
    rule: inUse,
    make: worse((good) => {
      const store = sharing(good);
      return {
        ...store,
        set: async (record, options) => {
          for (const userId of options.ifVersion === null ? await good.list({ limit: 1e6 }) : []) {
            const other = await store.get(userId);
            const isSame = other?.calUserId === record.calUserId && other.calServer === record.calServer;
            if (isSame && userId !== record.userId) throw new CalUserInUseError();
          }
          return store.set(record, options);
        },
      };
    }),
  },
  {
    fault: "never frees a Cal.com user",
    rule: inUse,
    make: worse((good) => {
      const owners = new Map<string, string>();
      return {
        set: async (record, options) => {
          const key = `${record.calServer} ${record.calUserId}`;
          if ((owners.get(key) ?? record.userId) !== record.userId) throw new CalUserInUseError();
          const written = await good.set(record, options);
          if (written) owners.set(key, record.userId);
          return written;
        },
      };
    }),
  },
  {
    fault: "compares the id alone",
    rule: "the same id at another Cal.com server is another Cal.com user",
    make: worse((good) => ({
      set: async (record, options) => {
        for (const userId of await good.list({ limit: 1e6 })) {
          const other = await good.get(userId);
          if (other?.calUserId === record.calUserId && userId !== record.userId)
            throw new CalUserInUseError();
        }
        return good.set(record, options);
      },
    })),
  },
  {
    fault: "checks first and writes afterwards",
    rule: atOnce,
    make: worse((good) => {
      const store = sharing(good);
      return {
        ...store,
        set: async (record, options) => {
          for (const userId of await good.list({ limit: 1e6 })) {
            const other = await store.get(userId);
            const isSame = other?.calUserId === record.calUserId && other.calServer === record.calServer;
            if (isSame && userId !== record.userId) throw new CalUserInUseError();
          }
          await tick();
          return store.set(record, options);
        },
      };
    }),
  },
];
