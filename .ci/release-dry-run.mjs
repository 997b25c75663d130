// Does what a release does, up to the publish, in a copy: prepares, checks, builds, packs, and lets npm say what it would send.
// `npm run release:dry-run`. With CALBRIDGE_DIST, what is in dist is packed as it is.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join, relative } from "node:path";
import { git, npm, tool } from "./release-tools.mjs";

const root = join(import.meta.dirname, "..");
const directory = mkdtempSync(join(tmpdir(), "calbridge-dry-run-"));
try {
  dryRun(join(directory, "copy"));
} finally {
  rmSync(directory, { recursive: true, force: true });
}

function dryRun(copy) {
  copyRepository(copy);
  // What this repository's own hooks set would point git to this repository.
  const gitVariables = git(["rev-parse", "--local-env-vars"]).split("\n");
  process.env = Object.fromEntries(
    Object.entries(process.env).filter(([name]) => !gitVariables.includes(name)),
  );
  const inCopy = { cwd: copy };

  // There may be nothing to release at the moment.
  const change = "kind: Fixed\nbody: A change of the dry run.\ntime: 2020-01-01T00:00:00Z\n";
  writeFileSync(join(copy, ".changes/unreleased/dry-run.yaml"), change);
  npm(["run", "release:prepare"], inCopy);
  tool("prettier", ["--check", "CHANGELOG.md", ".changes", "package.json"], inCopy);
  const { version } = readJson(join(copy, "package.json"));
  if (!readFileSync(join(copy, "CHANGELOG.md"), "utf8").includes("\n- A change of the dry run.\n")) {
    throw new Error("CHANGELOG.md lacks the recorded change.");
  }

  checkTags(copy, version);

  if (!process.env.CALBRIDGE_DIST) npm(["run", "build"], inCopy);
  tool("publint", ["--strict"], inCopy);
  // What npm would correct in the manifest of a directory, it leaves as it is in a tarball.
  const manifest = readFileSync(join(copy, "package.json"), "utf8");
  npm(["pkg", "fix"], inCopy);
  if (readFileSync(join(copy, "package.json"), "utf8") !== manifest) {
    throw new Error("npm would correct package.json: run npm pkg fix.");
  }

  const [{ filename }] = JSON.parse(
    npm(["pack", "--ignore-scripts", "--json", "--pack-destination", directory], inCopy),
  );
  // As in the job that publishes, there is the tarball and nothing else.
  const publish = ["publish", `./${filename}`, "--provenance", "--access", "public", "--dry-run", "--json"];
  checkPublished(JSON.parse(npm(publish, { cwd: directory })), version);
}

function copyRepository(copy) {
  const left = new Set(["node_modules", ".git", "docs/site/dist", "coverage"]);
  const filter = (path) => {
    const name = relative(root, path).replaceAll("\\", "/");
    return !left.has(name) && basename(path) !== "node_modules";
  };
  cpSync(root, copy, { recursive: true, filter });
  symlinkSync(join(root, "node_modules"), join(copy, "node_modules"), "junction");
}

/** The tag of a release is on a commit of main: here, of a repository of the copy's own. */
function checkTags(copy, version) {
  git(["init", "-q"], { cwd: copy });
  const who = ["-c", "user.name=A maintainer", "-c", "user.email=maintainer@example.com"];
  const commit = [...who, "-c", "commit.gpgsign=false", "commit", "-q", "--allow-empty", "-m", "Release"];
  git(commit, { cwd: copy });
  git(["update-ref", "refs/remotes/origin/main", "HEAD"], { cwd: copy });
  const check = (tag) =>
    spawnSync(process.execPath, [".ci/release-check.mjs", tag], { cwd: copy, encoding: "utf8" });

  const { status, stderr } = check(`v${version}`);
  // The first publish waits for the repository's address, everything else must hold.
  const faults = stderr
    .split("\n")
    .filter((line) => line && !line.includes("package.json has no `repository`"));
  if (faults.length > 0) throw new Error(`The release is refused:\n${faults.join("\n")}`);
  if (status !== 0) {
    console.warn(
      "WARNING: set `repository` in package.json before the first publish: see .github/RELEASING.md",
    );
  }
  if (check("v99.0.0").status === 0) throw new Error("The check accepts a tag of another version.");
}

function checkPublished(said, version) {
  const { id, files } = said.id ? said : Object.values(said)[0];
  const names = files.map(({ path }) => path);
  const built = ["index.js", "index.cjs", "cli.js", "THIRD-PARTY-NOTICES.txt"].map((name) => `dist/${name}`);
  const required = ["package.json", "README.md", "LICENSE", "CHANGELOG.md", ...built];
  const missing = required.filter((path) => !names.includes(path));
  if (missing.length > 0) throw new Error(`npm would leave out ${missing.join(", ")}.`);
  if (id !== `calbridge@${version}`) throw new Error(`npm would publish ${id} instead of ${version}.`);
  console.log(`npm would publish ${id}, with ${names.length} files.`);
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}
