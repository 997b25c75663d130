import type { ConnectionState, ConnectionStore } from "../../stores/connection-store.js";
import { claimAll, ensure, FAR_AWAY, LONG_AGO, put, stateOf } from "./connection-assertions.js";
import { pause } from "./jobs.js";
import { LONG } from "./lease-rules.js";
import type { RemoteStore } from "./remote-store.js";

/** A job for a process and its store. Each returns a number, or never. */
export type ConnectionJob =
  /** Claims users and counts each of them in its details, until no user is due. Returns how many it counted. */
  | { do: "count"; userIds: string[]; leaseMs: number }
  /** Claims users, and makes no use of them. Never returns. */
  | { do: "claim-and-wait"; leaseMs: number }
  /** Adds to the number in a user's details by compare-and-swap. */
  | { do: "increment"; userId: string; times: number };

interface ProcessContext {
  store: ConnectionStore;
  processes: readonly RemoteStore<ConnectionJob>[];
  userIds: string[];
}

/** What holds for a store that processes share. */
export const connectionProcessRules: readonly {
  name: string;
  check: (context: ProcessContext) => Promise<void>;
}[] = [
  {
    name: "they share the users who are due: each is claimed once",
    async check({ store, processes, userIds }) {
      for (const userId of userIds) await put(store, stateOf(userId, LONG_AGO, "0"));
      const counts = await Promise.all(
        processes.map((process) => process.do({ do: "count", userIds, leaseMs: LONG })),
      );
      const sum = counts.reduce((total, count) => total + count, 0);
      const states = await Promise.all(userIds.map((userId) => store.get(userId)));
      const wrong = states.filter((state) => state?.details !== "1").length;
      ensure(
        sum === userIds.length && wrong === 0,
        `of ${userIds.length} users who were due, ${sum} were counted, ${wrong} not once`,
      );
    },
  },
  {
    name: "the users of killed processes are due again when their claims end, and not before",
    async check({ store, processes: [victim], userIds }) {
      ensure(victim !== undefined, "at least 2 processes are needed");
      const some = userIds.slice(0, 5);
      const leaseMs = 1_500;
      for (const userId of some) await put(store, stateOf(userId, LONG_AGO));
      const claimedAt = Date.now();
      const waiting = victim.do({ do: "claim-and-wait", leaseMs }).catch(() => 0);
      while (await isFree(store, some)) await pause(10);
      await victim.kill();
      await waiting;
      const claimed: ConnectionState[] = [];
      while (claimed.length < some.length) {
        claimed.push(...(await claimAll(store, some, { leaseMs: LONG })));
        ensure(Date.now() - claimedAt < 30_000, "the users of a killed process were not due again");
        await pause(20);
      }
      // The store's clock may run a little faster than this one.
      const heldMs = Date.now() - claimedAt;
      ensure(
        heldMs > leaseMs * 0.9,
        `a claim of ${leaseMs} ms was given to another process after ${heldMs} ms`,
      );
    },
  },
  {
    name: "no write is lost: writers that read and retry until they succeed are all counted",
    async check({ store, processes, userIds: [userId = ""] }) {
      await put(store, stateOf(userId, FAR_AWAY, "0"));
      const times = 20;
      await Promise.all(processes.map((process) => process.do({ do: "increment", userId, times })));
      const stored = Number((await store.get(userId))?.details);
      ensure(
        stored === processes.length * times,
        `${processes.length * times} writes returned a state, but ${stored} are stored`,
      );
    },
  },
];

/** Does a job in the process it is called in. */
export async function runConnectionJob(store: ConnectionStore, job: ConnectionJob): Promise<number> {
  switch (job.do) {
    case "count": {
      let counted = 0;
      for (;;) {
        const page = await store.claimDue({ limit: 3, leaseMs: job.leaseMs });
        if (page.length === 0) return counted;
        for (const state of page.filter(({ userId }) => job.userIds.includes(userId))) {
          const next = stateOf(state.userId, FAR_AWAY, String(Number(state.details) + 1));
          if (await store.set(next, { ifVersion: state.version })) counted += 1;
        }
      }
    }
    case "claim-and-wait":
      await store.claimDue({ limit: 1_000, leaseMs: job.leaseMs });
      return new Promise(() => undefined);
    case "increment":
      for (let n = 0; n < job.times; n += 1) await increment(store, job.userId);
      return job.times;
  }
}

async function increment(store: ConnectionStore, userId: string): Promise<void> {
  for (;;) {
    const current = await store.get(userId);
    ensure(current !== null, "get returned null for a user with a state");
    const next = stateOf(userId, FAR_AWAY, String(Number(current.details) + 1));
    if (await store.set(next, { ifVersion: current.version })) return;
  }
}

/** Whether the users wait to be claimed: a claim moves `dueAt`. */
async function isFree(store: ConnectionStore, userIds: readonly string[]): Promise<boolean> {
  const states = await Promise.all(userIds.map((userId) => store.get(userId)));
  return states.some((state) => state?.dueAt.getTime() === LONG_AGO);
}
