import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

/** What one part of the benchmark has found: rows of a table, and what one has to know to read them. */
export interface Finding {
  title: string;
  notes: string;
  rows: Record<string, string | number>[];
}

/** The package as it is published. `npm run bench` builds it first. */
export const dist = join(import.meta.dirname, "../../dist");

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

/** Takes the rounds of several ways in turn and in another order each time, so that all see the same machine. */
export async function interleave<W, R>(
  ways: readonly W[],
  rounds: number,
  run: (way: W, round: number) => Promise<R>,
): Promise<Map<W, R[]>> {
  const results = new Map<W, R[]>(ways.map((way) => [way, []]));
  for (let n = 0; n < rounds; n += 1) {
    for (const way of [...ways].sort(() => Math.random() - 0.5)) results.get(way)?.push(await run(way, n));
  }
  return results;
}

/**
 * A part of the benchmark that runs as a process of its own, in TypeScript, and can collect its garbage. It ends
 * with this process at the latest.
 */
export function start(file: string, args: readonly string[] = []): ChildProcess {
  const execArgv = ["--import", "tsx", "--expose-gc"];
  const child = fork(join(import.meta.dirname, file), args, { execArgv });
  const kill = () => child.kill();
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** Sends a message, if one is given, and answers the next one that comes back. */
export async function ask<T>(child: ChildProcess, message?: unknown): Promise<T> {
  const answered = new AbortController();
  const { signal } = answered;
  const answer = once(child, "message", { signal }) as Promise<[T]>;
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`A process of the benchmark ended: ${child.spawnargs.join(" ")}`);
  });
  if (message !== undefined) child.send(message as object);
  try {
    const [value] = await Promise.race([answer, ended]);
    return value;
  } finally {
    // The one that did not happen is waited for no longer.
    answered.abort();
    await Promise.allSettled([answer, ended]);
  }
}

export async function stop(...children: ChildProcess[]): Promise<void> {
  for (const child of children) {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}
