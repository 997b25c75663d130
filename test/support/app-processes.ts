import { fork, type ChildProcess } from "node:child_process";
import { bundle } from "./bundle.js";
import type { AppConfig, AppJob, CallOutcome, Counts } from "./app-process.js";
import type { Point } from "./points.js";

/** One process of an application, as a test sees it. */
export class AppProcess {
  readonly #child: ChildProcess;
  readonly #waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (reason: Error) => void }
  >();
  readonly #ready: Promise<void>;
  /** Resolves when the process has ended. */
  readonly ended: Promise<void>;
  #lastId = 0;

  constructor(file: string, config: AppConfig) {
    this.#child = fork(file, [JSON.stringify(config)], { execArgv: [] });
    this.ended = new Promise((resolve) => this.#child.once("exit", () => resolve()));
    void this.ended.then(() => {
      for (const { reject } of this.#waiting.values()) reject(new Error("The process has ended."));
    });
    this.#ready = new Promise((resolve) => {
      this.#child.on("message", (message) => {
        const { id, value } = message as { id?: number; value?: unknown };
        if (id === undefined) resolve();
        else this.#waiting.get(id)?.resolve(value);
      });
    });
  }

  /** Makes a call for each of the users, all at once. Rejects if the process ends before. */
  async call(...userIds: string[]): Promise<CallOutcome[]> {
    return (await this.#ask({ do: "call", userIds })) as CallOutcome[];
  }

  /** Has the process give itself a signal when it next gets to a point of a refresh. */
  async stopAt(point: Point, signal: "SIGKILL" | "SIGSTOP" = "SIGKILL"): Promise<void> {
    await this.#ask({ do: "stop at", point, signal });
  }

  async advance(ms: number): Promise<void> {
    await this.#ask({ do: "advance", ms });
  }

  async counts(): Promise<Counts> {
    return (await this.#ask({ do: "count" })) as Counts;
  }

  /** Resolves when the process takes jobs. */
  ready(): Promise<void> {
    return this.#ready;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Ends the process and waits for it. */
  async end(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.ended;
  }

  async #ask(job: AppJob): Promise<unknown> {
    await this.#ready;
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject });
      this.#child.send({ id, job });
    });
  }
}

/** Answers what starts a process. */
export async function appProcesses(
  defaults: AppConfig,
): Promise<(config?: Partial<AppConfig>) => AppProcess> {
  const file = await bundle("app-process", { whole: true });
  return (config = {}) => new AppProcess(file, { ...defaults, ...config });
}
