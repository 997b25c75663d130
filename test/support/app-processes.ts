import { execFileSync, fork, type ChildProcess } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { bundle } from "./bundle.js";
import type { AppConfig, AppJob, CallOutcome, Counts } from "./app-process.js";
import type { Point } from "./points.js";

/** One process of an application. */
export class AppProcess {
  readonly #child: ChildProcess;
  readonly #jobs = new Map<number, { resolve: (value: unknown) => void; reject: (reason: Error) => void }>();
  readonly #ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  #lastId = 0;

  constructor(file: string, config: AppConfig) {
    this.#child = fork(file, [JSON.stringify(config)], { execArgv: [] });
    this.ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    void this.ended.then(() => {
      for (const { reject } of this.#jobs.values()) reject(new Error("The process has ended."));
    });
    this.#ready = new Promise((resolve) => {
      this.#child.on("message", (message) => {
        const { id, value } = message as { id?: number; value?: unknown };
        if (id === undefined) resolve();
        else this.#jobs.get(id)?.resolve(value);
      });
    });
  }

  /** Makes a call for each of the users, all at once. Rejects if the process ends before. */
  async call(...userIds: string[]): Promise<CallOutcome[]> {
    return (await this.#run({ do: "call", userIds })) as CallOutcome[];
  }

  /** Makes the process send itself a signal when a refresh next reaches the point. */
  async stopAt(point: Point, signal: "SIGKILL" | "SIGSTOP" = "SIGKILL"): Promise<void> {
    await this.#run({ do: "stop at", point, signal });
  }

  async advance(ms: number): Promise<void> {
    await this.#run({ do: "advance", ms });
  }

  async counts(): Promise<Counts> {
    return (await this.#run({ do: "count" })) as Counts;
  }

  /** Resolves when the process accepts jobs. */
  ready(): Promise<void> {
    return this.#ready;
  }

  /** Whether the process is stopped by SIGSTOP. */
  get isStopped(): boolean {
    const pid = String(this.#child.pid);
    const file = `/proc/${pid}/stat`;
    const [state] = existsSync(file)
      ? readFileSync(file, "utf8").replace(/^.*\) /s, "")
      : execFileSync("ps", ["-o", "state=", "-p", pid], { encoding: "utf8" });
    return state === "T";
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Kills the process and waits for its end. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #run(job: AppJob): Promise<unknown> {
    await this.#ready;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject });
      this.#child.send({ id, job });
    });
  }
}

/** Returns a function that starts a process. */
export async function appProcesses(
  defaults: AppConfig,
): Promise<(config?: Partial<AppConfig>) => AppProcess> {
  const file = await bundle("app-process", { whole: true });
  return (config = {}) => new AppProcess(file, { ...defaults, ...config });
}
