import { execFile, spawn, spawnSync } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir, userInfo } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { freePort } from "./free-port.js";

// Debian puts servers where only root looks for programs.
const env = { ...process.env, PATH: `${process.env["PATH"] ?? ""}:/usr/sbin:/usr/local/sbin` };

/** Whether MariaDB is installed. */
export const hasMariadb = spawnSync("mariadbd", ["--no-defaults", "--version"], { env }).status === 0;

/** Starts an empty MariaDB on a free port. `stop` removes its data. */
export async function startMariadb(): Promise<{ url: string; stop(): Promise<void> }> {
  const directory = await mkdtemp(join(tmpdir(), "calbridge-mariadb-"));
  const remove = () => rm(directory, { recursive: true, force: true, maxRetries: 3 });
  const data = ["--no-defaults", `--datadir=${join(directory, "data")}`, `--user=${userInfo().username}`];
  const port = await freePort();
  try {
    await promisify(execFile)("mariadb-install-db", [...data, "--skip-test-db"], { env });
    const settings = [
      ...data,
      "--bind-address=127.0.0.1",
      `--port=${port}`,
      `--socket=${join(directory, "socket")}`,
      // Nothing here has to survive a power failure, and no one else reaches the server.
      "--innodb-flush-log-at-trx-commit=0",
      "--skip-grant-tables",
    ];
    const server = spawn("mariadbd", settings, { env, stdio: ["ignore", "ignore", "pipe"] });
    let log = "";
    const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject);
      server.stderr.on("data", (text: Buffer) => {
        log += text.toString();
        if (log.includes("ready for connections")) resolve();
      });
      void ended.then(() => reject(new Error(`mariadbd did not start: ${log}`)));
    });
    return {
      url: `mysql://root@127.0.0.1:${port}/mysql`,
      stop: async () => {
        server.kill("SIGKILL");
        await ended;
        await remove();
      },
    };
  } catch (error) {
    await remove();
    throw error;
  }
}
