// What must hold before a version is published. `node .ci/release-check.mjs [TAG]`
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync } from "node:fs";

const [tag, ...others] = process.argv.slice(2);
if (others.length > 0) throw new Error("usage: node .ci/release-check.mjs [TAG]");

const { version, repository } = JSON.parse(readFileSync("package.json", "utf8"));
const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
const changelog = readFileSync("CHANGELOG.md", "utf8");
const fragments = readdirSync(".changes/unreleased").filter((name) => name.endsWith(".yaml"));

// Where main is fetched too; if it is not, git says so.
const isOnMain = () => {
  const git = ["merge-base", "--is-ancestor", "HEAD", "origin/main"];
  return spawnSync("git", git, { stdio: "inherit" }).status === 0;
};

const faults = [
  tag !== undefined && tag !== `v${version}` && `the tag is ${tag}, but package.json says ${version}`,
  tag !== undefined && !isOnMain() && "the tagged commit is not on origin/main",
  lock.version !== version && `package-lock.json says ${lock.version}, but package.json says ${version}`,
  !changelog.includes(`\n## [${version}] - `) && `CHANGELOG.md has no section for ${version}`,
  !existsSync(`.changes/v${version}.md`) && `.changes/v${version}.md, the notes of the release, is not there`,
  fragments.length > 0 && `changes are left in .changes/unreleased: ${fragments.join(", ")}`,
  !repository &&
    "package.json has no `repository`. npm publishes with provenance only if it is the repository that the workflow runs in",
].filter(Boolean);

for (const fault of faults) console.error(`not ready: ${fault}`);
if (faults.length > 0) process.exitCode = 1;
else console.log(`ready: ${version}`);
