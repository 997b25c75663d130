import { fork, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";

/** The result of one part: the rows of a table, and notes that explain them. */
export interface Finding {
  title: string;
  notes: string;
  rows: Record<string, string | number>[];
}

/** The package as it is published. `npm run bench` builds it first. A process that measures another build is told its folder. */
export const dist = process.env["CALBRIDGE_BENCH_DIST"] ?? join(import.meta.dirname, "../../dist");

/** A build of the package to measure. */
export interface Build {
  /** What its rows are called: `calbridge`, or `calbridge before`. */
  name: string;
  dist: string;
}

const [, baseline] = /^--baseline=(.+)$/m.exec(process.argv.join("\n")) ?? [];

/** The build of this repository and, with `--baseline=FOLDER`, an earlier one. */
export const builds: Build[] = [
  { name: "calbridge", dist },
  ...(baseline === undefined ? [] : [{ name: "calbridge before", dist: resolve(baseline) }]),
];

/** Whether a build has an entry: an earlier one may not. */
export function hasEntry({ dist }: Build, name: string): boolean {
  return existsSync(join(dist, `${name}.js`));
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

export function round(value: number, digits = 0): number {
  return Number(value.toFixed(digits));
}

/** Runs the rounds of several ways alternately, in random order, so that all are measured under the same load. */
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

/** Starts a TypeScript file as a process that can collect its garbage. It is killed when this process ends. */
export function start(file: string, args: readonly string[] = [], build?: Build): ChildProcess {
  const execArgv = ["--import", "tsx", "--expose-gc"];
  const env = { ...process.env, ...(build && { CALBRIDGE_BENCH_DIST: build.dist }) };
  const child = fork(join(import.meta.dirname, file), args, { execArgv, env });
  const kill = () => child.kill();
  process.once("exit", kill);
  child.once("exit", () => process.off("exit", kill));
  return child;
}

/** Sends a message, if one is given, and returns the next message of the process. */
export async function ask<T>(child: ChildProcess, message?: unknown): Promise<T> {
  const controller = new AbortController();
  const { signal } = controller;
  const reply = once(child, "message", { signal }) as Promise<[T]>;
  const ended = once(child, "exit", { signal }).then(() => {
    throw new Error(`A process of the benchmark ended: ${child.spawnargs.join(" ")}`);
  });
  if (message !== undefined) child.send(message as object);
  try {
    const [value] = await Promise.race([reply, ended]);
    return value;
  } finally {
    // Removes the listener of the event that did not happen.
    controller.abort();
    await Promise.allSettled([reply, ended]);
  }
}

export async function stop(...children: ChildProcess[]): Promise<void> {
  for (const child of children) {
    const ended = once(child, "exit");
    child.kill();
    await ended;
  }
}
