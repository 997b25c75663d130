import type { TokenStore } from "../../tokens/token-store.js";
import { countOf, ensure, ensureHolds, tokensOf, write } from "./assertions.js";
import { pause, type Job } from "./jobs.js";
import type { RemoteStore } from "./remote-store.js";

/** A rule, and what shows that it is kept by a store that several processes share. */
export interface ProcessRule {
  name: string;
  check: (
    store: TokenStore,
    processes: readonly RemoteStore<Job>[],
    context: { userId: string; calServer: string },
  ) => Promise<void>;
}

/** What holds for every store that processes share. */
export const processRules: readonly ProcessRule[] = [
  {
    name: "of several first writes at once exactly one succeeds",
    check: async (store, processes, { userId: ada }) => {
      for (let round = 0; round < 5; round += 1) {
        const userId = `${ada}-${round}`;
        const written = await all(processes, (n) => ({ do: "write-first", userId, writer: `${n}` }));
        ensure(
          sum(written) === 1,
          `${sum(written)} of ${written.length} first writes at once returned a record`,
        );
        ensureHolds(await store.get(userId), tokensOf(userId, `${written.indexOf(1)}`), "get");
      }
    },
  },
  {
    name: "of several users that are given one Cal.com user at once exactly one gets it, the others a CalUserInUseError",
    check: async (store, processes, { userId: ada, calServer }) => {
      for (let calUserId = 0; calUserId < 10; calUserId += 1) {
        const userIds = processes.map((_, n) => `${ada}-${calUserId}-${n}`);
        const got = await all(processes, (n) => {
          return { do: "claim-cal-user", userId: userIds[n] ?? "", calUserId, calServer };
        });
        ensure(sum(got) === 1, `${sum(got)} of ${got.length} users got one Cal.com user at once`);
        const records = await Promise.all(userIds.map((userId) => store.get(userId)));
        ensure(records.filter((record) => record !== null).length === 1, "a rejected set wrote a record");
      }
    },
  },
  {
    name: "of several takes of an attempt at once exactly one returns it",
    check: async (store, processes, { userId: id }) => {
      if (!store.putAttempt) return;
      for (let round = 0; round < 5; round += 1) {
        await store.putAttempt(id, { data: "{}", ttlMs: 60_000 });
        const taken = sum(await all(processes, () => ({ do: "take-attempt", id })));
        ensure(taken === 1, `${taken} of ${processes.length} takes at once returned the attempt`);
      }
    },
  },
  {
    name: "no write is lost: writers that read and retry until they succeed are all counted",
    check: async (store, processes, { userId }) => {
      await write(store, tokensOf(userId, "0"));
      const writes = sum(await all(processes, () => ({ do: "increment", userId, times: 20 })));
      const stored = countOf(await store.get(userId));
      ensure(stored === writes, `${writes} writes returned a record, but ${stored} of them are stored`);
    },
  },
  {
    name: "a process that is killed while it writes leaves a whole record",
    check: async (store, processes, { userId: ada }) => {
      const userIds = processes.map((_, n) => `${ada}-${n}`);
      const killed = all(processes, (n) => ({ do: "write-until-killed", userId: userIds[n] ?? "" }));
      await Promise.allSettled([killed, pause(150).then(() => killAll(processes))]);
      for (const userId of userIds) {
        const record = await store.get(userId);
        if (record === null) continue;
        ensureHolds(record, tokensOf(userId, String(countOf(record))), "get");
        await writeAfterLateWrites(store, userId);
      }
    },
  },
];

/** What holds for the leases of such a store. */
export const sharedLeaseRules: readonly ProcessRule[] = [
  {
    name: "lease: one process at a time holds it",
    check: async (store, processes, { userId }) => {
      await write(store, tokensOf(userId, "0"));
      const disturbed = await all(processes, (n) => {
        return { do: "increment-under-lease", userId, owner: `owner-${n}`, times: 10 };
      });
      ensure(
        sum(disturbed) === 0,
        `${sum(disturbed)} times a process wrote while another one held the lease`,
      );
    },
  },
  {
    name: "lease: that of a killed process expires, and not before its time",
    check: async (store, [holder, other], { userId }) => {
      ensure(holder !== undefined && other !== undefined, "this case needs two processes");
      await write(store, tokensOf(userId));
      const ttlMs = 400;
      const from = Date.now();
      const acquired = await holder.do({ do: "acquire-lease", userId, owner: "killed", ttlMs });
      ensure(acquired === 1, "a free lease was refused");
      await holder.kill();
      while ((await other.do({ do: "acquire-lease", userId, owner: "other", ttlMs })) === 0) {
        ensure(Date.now() - from < ttlMs + 5000, "the lease of a killed process did not expire");
        await pause(10);
      }
      // The store's clock may run a little faster than this one.
      const heldMs = Date.now() - from;
      ensure(heldMs > ttlMs * 0.9, `a lease of ${ttlMs} ms was given to another owner after ${heldMs} ms`);
    },
  },
];

/** What a killed process had sent last may be carried out after its death, but not for long. */
async function writeAfterLateWrites(store: TokenStore, userId: string): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    const current = await store.get(userId);
    const next = tokensOf(userId, "afterwards");
    if (await store.set(next, { ifVersion: current?.version ?? null })) return;
    await pause(20);
  }
  ensure(false, "no write succeeds any more after a process was killed while it wrote");
}

/** Gives each process a job, and returns their results. */
function all(processes: readonly RemoteStore<Job>[], jobFor: (n: number) => Job): Promise<number[]> {
  return Promise.all(processes.map((process, n) => process.do(jobFor(n))));
}

async function killAll(processes: readonly RemoteStore<Job>[]): Promise<void> {
  await Promise.all(processes.map((process) => process.kill()));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
