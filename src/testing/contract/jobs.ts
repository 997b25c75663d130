import type { TokenStore } from "../../tokens/token-store.js";
import { ensure, tokensOf, write } from "./assertions.js";
import { leasing } from "./lease-rules.js";
import { increment } from "./version-rules.js";

/** What a process is told to do with its store. Each answers a number, or never. */
export type Job =
  | { do: "write-first"; userId: string; writer: string }
  | { do: "increment"; userId: string; times: number }
  | { do: "increment-under-lease"; userId: string; owner: string; times: number }
  | { do: "take-lease"; userId: string; owner: string; ttlMs: number }
  | { do: "write-until-killed"; userId: string };

/** Does a job in the process it is called in. */
export async function runJob(store: TokenStore, job: Job): Promise<number> {
  switch (job.do) {
    case "write-first": {
      const won = await store.set(tokensOf(job.userId, job.writer), { ifVersion: null });
      return won === null ? 0 : 1;
    }
    case "increment": {
      for (let n = 0; n < job.times; n += 1) await increment(store, job.userId);
      return job.times;
    }
    case "increment-under-lease":
      return incrementUnderLease(store, job);
    case "take-lease": {
      const { userId, owner, ttlMs } = job;
      return (await leasing(store).acquireLease(userId, { owner, ttlMs })) ? 1 : 0;
    }
    case "write-until-killed":
      for (let n = 0; ; n += 1) await write(store, tokensOf(job.userId, `${n}`, { calUserId: n }));
  }
}

/** Counts the writes that somebody else got in between, while the lease was held. */
async function incrementUnderLease(
  store: TokenStore,
  { userId, owner, times }: { userId: string; owner: string; times: number },
): Promise<number> {
  const leased = leasing(store);
  let disturbed = 0;
  for (let n = 0; n < times; n += 1) {
    while (!(await leased.acquireLease(userId, { owner, ttlMs: 60_000 }))) await pause(5);
    const current = await store.get(userId);
    ensure(current !== null, "get answered null for a user with a record");
    const next = { ...current, calUserId: current.calUserId + 1 };
    if ((await store.set(next, { ifVersion: current.version })) === null) disturbed += 1;
    await leased.releaseLease(userId, { owner });
  }
  return disturbed;
}

/** Waits, for what only time can bring: another process, or the store's own clock. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
