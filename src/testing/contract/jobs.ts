import type { TokenStore } from "../../tokens/token-store.js";
import { countOf, ensure, isInUse, tokensOf, write } from "./assertions.js";
import { leasing } from "./lease-rules.js";
import { increment } from "./version-rules.js";

/** A job for a process and its store. Each returns a number, or never. */
export type Job =
  | { do: "write-first"; userId: string; writer: string }
  | { do: "claim-cal-user"; userId: string; calUserId: number; calServer: string }
  | { do: "take-attempt"; id: string }
  | { do: "increment"; userId: string; times: number }
  | { do: "increment-under-lease"; userId: string; owner: string; times: number }
  | { do: "acquire-lease"; userId: string; owner: string; ttlMs: number }
  | { do: "write-until-killed"; userId: string };

/** Does a job in the process it is called in. */
export async function runJob(store: TokenStore, job: Job): Promise<number> {
  switch (job.do) {
    case "write-first": {
      const written = await store.set(tokensOf(job.userId, job.writer), { ifVersion: null });
      return written === null ? 0 : 1;
    }
    case "claim-cal-user": {
      const { userId, calUserId, calServer } = job;
      const record = tokensOf(userId, "1", { calUserId, calServer });
      return (await isInUse(store.set(record, { ifVersion: null }))) ? 0 : 1;
    }
    case "take-attempt":
      return (await store.takeAttempt?.(job.id)) == null ? 0 : 1;
    case "increment": {
      for (let n = 0; n < job.times; n += 1) await increment(store, job.userId);
      return job.times;
    }
    case "increment-under-lease":
      return incrementUnderLease(store, job);
    case "acquire-lease": {
      const { userId, owner, ttlMs } = job;
      return (await leasing(store).acquireLease(userId, { owner, ttlMs })) ? 1 : 0;
    }
    case "write-until-killed":
      for (let n = 0; ; n += 1) await write(store, tokensOf(job.userId, `${n}`));
  }
}

/** Counts the writes that failed because another owner wrote while the lease was held. */
async function incrementUnderLease(
  store: TokenStore,
  { userId, owner, times }: { userId: string; owner: string; times: number },
): Promise<number> {
  const leased = leasing(store);
  let disturbed = 0;
  for (let n = 0; n < times; n += 1) {
    while (!(await leased.acquireLease(userId, { owner, ttlMs: 60_000 }))) await pause(5);
    const current = await store.get(userId);
    ensure(current !== null, "get returned null for a user with a record");
    const next = tokensOf(userId, String(countOf(current) + 1));
    if ((await store.set(next, { ifVersion: current.version })) === null) disturbed += 1;
    await leased.releaseLease(userId, { owner });
  }
  return disturbed;
}

/** Waits for another process, or for the store's own clock. */
export function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
