// Stops a Postgres server and removes its directory once standard input ends. The process that starts the server holds the
// other end of it, so this happens however that process ends, also when it is killed.
// `node postgres-guard.mjs DIRECTORY PG_CTL [UID GID]`
import { spawnSync } from "node:child_process";
import { existsSync, rmSync } from "node:fs";
import { join } from "node:path";

const [directory, pgCtl, uid, gid] = process.argv.slice(2);

process.stdin.resume();
process.stdin.once("close", () => {
  const data = join(directory, "data");
  if (existsSync(join(data, "postmaster.pid"))) {
    const account = uid ? { uid: Number(uid), gid: Number(gid) } : {};
    spawnSync(pgCtl, ["stop", "-D", data, "-m", "fast"], { ...account, cwd: directory, stdio: "ignore" });
  }
  rmSync(directory, { recursive: true, force: true, maxRetries: 5 });
});
