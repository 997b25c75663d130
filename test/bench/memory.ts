import { ask, round, start, stop, type Finding } from "./report.js";

const USERS = 100_000;
const CALLS = 1_000_000;
const PARTS = 10;

/** Measures whether the heap grows with the number of calls and users. */
export async function measureMemory(): Promise<Finding> {
  const worker = start("memory-worker.ts");
  await ask(worker);
  const rows: Finding["rows"] = [];
  for (let part = 0; part < PARTS; part += 1) {
    const calls = CALLS / PARTS;
    const heap = await ask<number>(worker, { calls, users: USERS, from: part * calls });
    rows.push({ calls: (part + 1) * calls, "heap MB": round(heap, 1) });
  }
  await stop(worker);
  return {
    title: `Memory over ${CALLS} calls`,
    notes: `${USERS} users in turn, the default cache, responses created in the process; heap after garbage collection.`,
    rows,
  };
}
