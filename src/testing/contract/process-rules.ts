import type { TokenStore } from "../../tokens/token-store.js";
import { ensure, ensureHolds, tokensOf, write } from "./assertions.js";
import { pause, type Job } from "./jobs.js";
import type { RemoteStore } from "./remote-store.js";

/** A rule, and what shows that it is kept by a store that several processes share. */
export interface ProcessRule {
  name: string;
  check: (store: TokenStore, processes: readonly RemoteStore[], userId: string) => Promise<void>;
}

/** What holds for every store that processes share. */
export const processRules: readonly ProcessRule[] = [
  {
    name: "of several first writes at once exactly one wins",
    check: async (store, processes, ada) => {
      for (let round = 0; round < 5; round += 1) {
        const userId = `${ada}-${round}`;
        const won = await all(processes, (n) => ({ do: "write-first", userId, writer: `${n}` }));
        ensure(sum(won) === 1, `${sum(won)} of ${won.length} first writes at once were answered as won`);
        ensureHolds(await store.get(userId), tokensOf(userId, `${won.indexOf(1)}`), "get");
      }
    },
  },
  {
    name: "no write is lost: writers that read and try again until it fits are all counted",
    check: async (store, processes, userId) => {
      await write(store, tokensOf(userId, "1", { calUserId: 0 }));
      const writes = sum(await all(processes, () => ({ do: "increment", userId, times: 20 })));
      const stored = (await store.get(userId))?.calUserId;
      ensure(
        stored === writes,
        `${writes} writes were answered as won, but ${String(stored)} of them are stored`,
      );
    },
  },
  {
    name: "a process that is killed while it writes leaves a whole record",
    check: async (store, processes, ada) => {
      const userIds = processes.map((_, n) => `${ada}-${n}`);
      const killed = all(processes, (n) => ({ do: "write-until-killed", userId: userIds[n] ?? "" }));
      await Promise.allSettled([killed, pause(150).then(() => killAll(processes))]);
      for (const userId of userIds) {
        const record = await store.get(userId);
        if (record === null) continue;
        const { calUserId } = record;
        ensureHolds(record, tokensOf(userId, `${calUserId}`, { calUserId }), "get");
        await writeOverLateOnes(store, userId);
      }
    },
  },
];

/** What holds for the leases of such a store. */
export const sharedLeaseRules: readonly ProcessRule[] = [
  {
    name: "lease: one process at a time holds it",
    check: async (store, processes, userId) => {
      await write(store, tokensOf(userId, "1", { calUserId: 0 }));
      const disturbed = await all(processes, (n) => {
        return { do: "increment-under-lease", userId, owner: `owner-${n}`, times: 10 };
      });
      ensure(sum(disturbed) === 0, `${sum(disturbed)} times somebody wrote while another held the lease`);
    },
  },
  {
    name: "lease: that of a killed process ends by itself, and not before its time",
    check: async (store, [holder, other], userId) => {
      ensure(holder !== undefined && other !== undefined, "this case needs two processes");
      await write(store, tokensOf(userId));
      const ttlMs = 400;
      const from = Date.now();
      const taken = await holder.do({ do: "take-lease", userId, owner: "killed", ttlMs });
      ensure(taken === 1, "a lease that nobody held was refused");
      await holder.kill();
      while ((await other.do({ do: "take-lease", userId, owner: "other", ttlMs })) === 0) {
        ensure(Date.now() - from < ttlMs + 5000, "the lease of a killed process did not end");
        await pause(10);
      }
      // The store's clock may run a little faster than ours.
      const heldMs = Date.now() - from;
      ensure(heldMs > ttlMs * 0.9, `a lease of ${ttlMs} ms was given to somebody else after ${heldMs} ms`);
    },
  },
];

/** What a killed process had sent last may be carried out after its death; but then it is over. */
async function writeOverLateOnes(store: TokenStore, userId: string): Promise<void> {
  for (let tries = 0; tries < 10; tries += 1) {
    const current = await store.get(userId);
    const next = tokensOf(userId, "afterwards");
    if (await store.set(next, { ifVersion: current?.version ?? null })) return;
    await pause(20);
  }
  ensure(false, "no write fits any more after a process was killed while it wrote");
}

/** Gives each process a job, answers what they answered. */
function all(processes: readonly RemoteStore[], jobFor: (n: number) => Job): Promise<number[]> {
  return Promise.all(processes.map((process, n) => process.do(jobFor(n))));
}

async function killAll(processes: readonly RemoteStore[]): Promise<void> {
  await Promise.all(processes.map((process) => process.kill()));
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, n) => total + n, 0);
}
