import { ask, builds, round, start, stop, type Finding } from "./report.js";

const USERS = 100_000;
const CALLS = 1_000_000;
const PARTS = 10;

/** Measures whether the heap grows with the number of calls and users. */
export async function measureMemory(): Promise<Finding> {
  const rows: Finding["rows"] = Array.from({ length: PARTS }, (_, part) => ({
    calls: ((part + 1) * CALLS) / PARTS,
  }));
  for (const build of builds) {
    const worker = start("memory-worker.ts", [], build);
    await ask(worker);
    for (const [part, row] of rows.entries()) {
      const calls = CALLS / PARTS;
      const heap = await ask<number>(worker, { calls, users: USERS, from: part * calls });
      row[`heap MB, ${build.name}`] = round(heap, 1);
    }
    await stop(worker);
  }
  return {
    title: `Memory over ${CALLS} calls`,
    notes: `${USERS} users in turn, the default cache, responses created in the process; heap after garbage collection.`,
    rows,
  };
}
