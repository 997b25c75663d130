// How the release scripts run programs: without a shell, so that they work on Windows too.
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** Runs the command of an installed package. */
export function tool(name, args, options) {
  const directory = join(import.meta.dirname, "../node_modules", name);
  const { bin } = JSON.parse(readFileSync(join(directory, "package.json"), "utf8"));
  return node(join(directory, typeof bin === "string" ? bin : bin[name]), args, options);
}

/** Runs the npm that runs this script. */
export function npm(args, options) {
  const path = process.env.npm_execpath;
  if (!path) throw new Error("Run this with npm run.");
  return node(path, args, options);
}

export function git(args, options) {
  return execFileSync("git", args, { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"], ...options });
}

function node(file, args, options) {
  const stdio = ["ignore", "pipe", "inherit"];
  return execFileSync(process.execPath, [file, ...args], { encoding: "utf8", stdio, ...options });
}
