import { spawn } from "node:child_process";
import { chown, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { freePort } from "./free-port.js";
import { postgresAccount } from "./postgres-binaries.js";

/**
 * Starts PgBouncer on a free port, in transaction mode, with two connections to a Postgres server: after each transaction
 * another client may have the connection. It refuses to run as root, as Postgres does, so root runs it as `nobody`.
 *
 * @param url - A database of the server. The URL that is returned is the same database, through PgBouncer.
 */
export async function startPgBouncer(url: string): Promise<{ url: string; stop(): Promise<void> }> {
  const account = await postgresAccount();
  const server = new URL(url);
  const port = String(await freePort());
  const directory = await mkdtemp(join(tmpdir(), "calbridge-pgbouncer-"));
  const file = join(directory, "pgbouncer.ini");
  await writeFile(
    file,
    `[databases]
* = host=${server.hostname} port=${server.port} user=${server.username} password=${server.password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
`,
    { mode: 0o600 },
  );
  if (account) for (const path of [directory, file]) await chown(path, account.uid, account.gid);
  // Debian has it where only root looks for programs.
  const PATH = `${process.env["PATH"] ?? ""}:/usr/sbin`;
  const bouncer = spawn("pgbouncer", [file], {
    ...account,
    cwd: directory,
    env: { ...process.env, PATH },
    stdio: ["ignore", "ignore", "pipe"],
  });
  const output: string[] = [];
  const ended = new Promise<void>((resolve) => bouncer.once("close", () => resolve()));
  const stop = async (): Promise<void> => {
    bouncer.kill("SIGKILL");
    await ended;
    await rm(directory, { recursive: true, force: true });
  };
  try {
    await new Promise<void>((resolve, reject) => {
      bouncer.stderr.on("data", (text: Buffer) => {
        output.push(text.toString());
        if (output.join("").includes("process up")) resolve();
      });
      bouncer.once("error", () => reject(new Error("PgBouncer is not installed: apt-get install pgbouncer")));
      void ended.then(() => reject(new Error(`PgBouncer did not start: ${output.join("")}`)));
    });
  } catch (error) {
    await stop();
    throw error;
  }
  server.port = port;
  return { url: server.href, stop };
}
