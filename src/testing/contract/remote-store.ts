import { TokenStoreContractError } from "./assertions.js";

/** A child process that exchanges messages, such as `child_process.fork` returns. */
export interface StoreProcess {
  /** Sends it a message. */
  send(message: object): unknown;
  /** Listens to its messages. */
  on(event: "message", listener: (message: unknown) => void): unknown;
  /** Is called when it has ended. */
  on(event: "exit", listener: () => void): unknown;
  /** Ends it, as a crash would. */
  kill(signal: "SIGKILL"): unknown;
}

/** A child's message: that it is ready, or how a job ended. */
export type Report = { ready: true } | { id: number; value: number } | { id: number; error: string };

interface Waiting {
  resolve: (value: number) => void;
  reject: (reason: Error) => void;
}

/** A process with the store, as the test sees it. */
export class RemoteStore<Job extends object> {
  readonly #process: StoreProcess;
  readonly #served: string;
  readonly #jobs = new Map<number, Waiting>();
  readonly #ended: Promise<void>;
  readonly #ready: Promise<void>;
  #hasEnded = false;
  #lastId = 0;

  /** @param served - The function that the process calls to serve its store, for messages. */
  constructor(process: StoreProcess, served: string) {
    this.#process = process;
    this.#served = served;
    this.#ended = new Promise((resolve) => {
      process.on("exit", () => {
        this.#hasEnded = true;
        for (const { reject } of this.#jobs.values())
          reject(new TokenStoreContractError("a process ended early"));
        this.#jobs.clear();
        resolve();
      });
    });
    let isReady: () => void = () => undefined;
    this.#ready = new Promise((resolve) => (isReady = resolve));
    process.on("message", (message) => {
      const report = message as Report;
      if ("ready" in report) isReady();
      else this.#settle(report);
    });
  }

  /** Resolves when the process accepts jobs, or has ended. */
  async ready(): Promise<void> {
    await Promise.race([this.#ready, this.#ended]);
    if (this.#hasEnded) throw new TokenStoreContractError(`a process ended before it called ${this.#served}`);
  }

  /** Gives it a job. Rejects if the job fails or the process ends. */
  async do(job: Job): Promise<number> {
    await this.ready();
    this.#lastId += 1;
    const id = this.#lastId;
    return new Promise((resolve, reject) => {
      this.#jobs.set(id, { resolve, reject });
      this.#process.send({ id, job });
    });
  }

  /** Ends the process at once, whatever it is doing. */
  async kill(): Promise<void> {
    if (!this.#hasEnded) this.#process.kill("SIGKILL");
    await this.#ended;
  }

  #settle(report: Exclude<Report, { ready: true }>): void {
    const waiting = this.#jobs.get(report.id);
    this.#jobs.delete(report.id);
    if ("error" in report) waiting?.reject(new TokenStoreContractError(report.error));
    else waiting?.resolve(report.value);
  }
}

/** The part of Node's `process` that a child with a channel to its parent has. */
interface ChildSide {
  on(event: "message", listener: (message: unknown) => void): unknown;
  on(event: "disconnect", listener: () => void): unknown;
  send?: (message: Report) => unknown;
  exit(code: number): never;
}

/**
 * Lets this process do the jobs that its parent's {@link RemoteStore} sends. Ends with its parent.
 *
 * @param caller - The public function, for the message.
 */
export function serveJobs(caller: string, run: (job: object) => Promise<number>): void {
  const { process } = globalThis as { process?: ChildSide };
  if (!process?.send) {
    throw new Error(`${caller} needs a process that was started by child_process.fork.`);
  }
  process.on("disconnect", () => process.exit(0));
  process.on("message", (message) => {
    const { id, job } = message as { id: number; job: object };
    run(job).then(
      (value) => process.send?.({ id, value }),
      // The parent's case fails with it.
      (error: unknown) =>
        process.send?.({ id, error: error instanceof Error ? error.message : "a job failed" }),
    );
  });
  process.send({ ready: true });
}
