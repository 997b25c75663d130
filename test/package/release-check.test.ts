import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { root } from "../support/markdown.js";

let directory: string;

// Without the settings of the person who runs the tests, and of the repository that they may be a hook of.
const run = (program: string, ...args: string[]) =>
  promisify(execFile)(program, args, {
    cwd: directory,
    env: { PATH: process.env["PATH"], HOME: directory },
  });
const git = (...args: string[]) =>
  run("git", "-c", "user.name=nobody", "-c", "user.email=nobody@example.com", ...args);
const commit = () => git("commit", "-q", "--allow-empty", "-m", "A commit");

/** Whether the check lets the tag pass, and what it says of it. */
async function check(...tag: string[]) {
  try {
    const { stdout } = await run(process.execPath, join(root, ".ci/release-check.mjs"), ...tag);
    return { isReady: true, said: stdout };
  } catch (error) {
    return { isReady: false, said: (error as { stderr: string }).stderr };
  }
}

beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), "calbridge-release-check-"));
  await mkdir(join(directory, ".changes/unreleased"), { recursive: true });
  const files = {
    "package.json": JSON.stringify({ version: "1.2.3", repository: "https://example.com/calbridge" }),
    "package-lock.json": JSON.stringify({ version: "1.2.3" }),
    "CHANGELOG.md": "# Changes\n\n## [1.2.3] - 2026-01-01\n",
    ".changes/v1.2.3.md": "",
  };
  for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text);
  await git("init", "-q");
  await commit();
  await git("update-ref", "refs/remotes/origin/main", "HEAD");
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe("the check before a release", () => {
  test("lets a commit of main pass, the newest and an older one", async () => {
    expect(await check("v1.2.3")).toEqual({ isReady: true, said: "ready: 1.2.3\n" });
    await commit();
    await git("update-ref", "refs/remotes/origin/main", "HEAD");
    await git("checkout", "-q", "HEAD~");
    expect((await check("v1.2.3")).isReady).toBe(true);
  });

  test("refuses a tag on a commit that is not on main", async () => {
    await commit();
    const { isReady, said } = await check("v1.2.3");
    expect(isReady).toBe(false);
    expect(said).toBe("not ready: the tagged commit is not on origin/main\n");
    expect((await check()).isReady, "without a tag").toBe(true);
  });

  test("refuses a tag where main was not fetched, and says why", async () => {
    await git("update-ref", "-d", "refs/remotes/origin/main");
    const { isReady, said } = await check("v1.2.3");
    expect(isReady).toBe(false);
    expect(said).toContain("origin/main");
  });

  test("refuses a tag of another version", async () => {
    const { isReady, said } = await check("v1.2.4");
    expect(isReady).toBe(false);
    expect(said).toContain("the tag is v1.2.4, but package.json says 1.2.3");
  });
});
