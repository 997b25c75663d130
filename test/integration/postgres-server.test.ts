import { spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, mkdir, mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import pg from "pg";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { root } from "../support/markdown.js";
import { installedPostgres, reachablePostgres } from "../support/postgres-binaries.js";
import { startPostgres } from "../support/postgres-server.js";

// The server of the tests and of the demo. As root it runs as another user; these tests pass for both.

const isRoot = process.getuid?.() === 0;
let directory: string;
/** The directory for temporary files while a test runs. */
let temporary: string;

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "calbridge-postgres-server-"));
  await chmod(directory, 0o755);
  temporary = join(directory, "tmp");
  await mkdir(temporary, { mode: 0o755 });
  vi.stubEnv("TMPDIR", temporary);
});
afterEach(async () => {
  await chmod(temporary, 0o755);
  await rm(directory, { recursive: true, force: true });
});

/** Postgres' files as `npm ci` leaves them below a directory that only its owner can enter. */
async function privateInstallation(): Promise<string> {
  const home = join(directory, "home");
  await mkdir(home, { mode: 0o700 });
  const native = join(home, "native");
  const installed = installedPostgres();
  await cp(installed, native, { recursive: true, verbatimSymlinks: true });
  await cp(join(installed, "../package.json"), join(home, "package.json"));
  return native;
}

async function query(url: string, text: string): Promise<unknown> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return (await client.query<Record<string, unknown>>(text)).rows[0];
  } finally {
    await client.end();
  }
}

const isCopy = (name: string) => name.startsWith("calbridge-postgres-files-");
const copies = async () => (await readdir(temporary)).filter(isCopy);
/** Directories of servers. */
const servers = async () =>
  (await readdir(temporary)).filter((name) => name.startsWith("calbridge-") && !isCopy(name));

test("Postgres starts from a directory that only its owner can enter, and as root keeps a copy for the next time", async () => {
  const native = await privateInstallation();
  // With a umask of 077, root alone can read the files as well.
  await chmod(native, 0o700);
  await chmod(join(native, "share"), 0o700);
  await chmod(join(native, "bin/initdb"), 0o700);

  const server = await startPostgres(native);
  expect(await query(server.url, "SELECT 1 AS one")).toEqual({ one: 1 });
  await server.stop();
  expect(await copies()).toHaveLength(isRoot ? 1 : 0);
  expect(await servers(), "data is gone").toEqual([]);

  const before = await Promise.all((await copies()).map((name) => stat(join(temporary, name))));
  const again = await startPostgres(native);
  await again.stop();
  const after = await Promise.all((await copies()).map((name) => stat(join(temporary, name))));
  expect(after.map(({ ino }) => ino)).toEqual(before.map(({ ino }) => ino));
});

test("two processes that need the copy at once both get it", async () => {
  const native = await privateInstallation();
  const both = await Promise.all([startPostgres(native), startPostgres(native)]);
  await Promise.all(both.map((server) => server.stop()));
  expect(await readdir(temporary)).toHaveLength(isRoot ? 1 : 0);
});

test("a copy that other users can change is not used", async () => {
  const native = await privateInstallation();
  const account = { uid: process.getuid!(), gid: process.getgid!() };
  const copy = await reachablePostgres(native, account);
  expect(await reachablePostgres(native, account)).toBe(copy);
  await chmod(copy, 0o777);
  await expect(reachablePostgres(native, account)).rejects.toThrow(`${copy} can be changed by other users.`);
});

test("where the directory for temporary files is of no use, the error says what to do and nothing is left", async () => {
  // Root may write everywhere, but the user that it runs Postgres as may not enter.
  await chmod(temporary, isRoot ? 0o700 : 0o500);
  await expect(startPostgres()).rejects.toThrow(
    /^Postgres did not start: .*\nSet TMPDIR to a directory that/,
  );
  expect(await readdir(temporary)).toEqual([]);
});

test("a failed start leaves nothing behind, and says what Postgres said", async () => {
  const native = await privateInstallation();
  await chmod(join(directory, "home"), 0o755);
  await writeFile(join(native, "bin/initdb"), "#!/bin/sh\necho out of order >&2\nexit 3\n");
  await expect(startPostgres(native)).rejects.toThrow("Postgres did not start: initdb failed: out of order");
  expect(await readdir(temporary)).toEqual([]);

  await rm(join(native, "bin/initdb"));
  await expect(startPostgres(native)).rejects.toThrow(/^Postgres did not start: .*initdb/);
  expect(await readdir(temporary)).toEqual([]);
});

test("no other user can read the password or the data", async () => {
  const server = await startPostgres();
  const [name = ""] = await servers();
  expect((await stat(join(temporary, name))).mode & 0o777).toBe(0o700);
  expect((await stat(join(temporary, name, "password"))).mode & 0o777).toBe(0o600);
  await server.stop();
  expect(await servers()).toEqual([]);
});

test("a process that is killed leaves neither a server nor its data", async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(join(root, "test/support/postgres-server.ts"))};
    console.log((await startPostgres()).url);
    setInterval(() => {}, 1000);`;
  await writeFile(join(directory, "program.mts"), program);
  const child = spawn(process.execPath, ["--import", "tsx", join(directory, "program.mts")], {
    cwd: root,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const [printed] = (await once(child.stdout, "data")) as [Buffer];
  const url = printed.toString().trim();
  expect(await query(url, "SELECT 1 AS one")).toEqual({ one: 1 });
  child.kill("SIGKILL");
  await vi.waitFor(async () => expect(await servers()).toEqual([]), { timeout: 15_000 });
  await expect(query(url, "SELECT 1")).rejects.toThrow("ECONNREFUSED");
});
