import { existsSync } from "node:fs";

/** The path of a browser of the system: that in the environment variable, or else the first that is there. */
export function executableOf(
  browser: string,
  { variable, paths, debianPackage }: { variable: string; paths: readonly string[]; debianPackage: string },
): string {
  const path = process.env[variable] ?? paths.find((candidate) => existsSync(candidate));
  if (path !== undefined) return path;
  throw new Error(
    `${browser} was not found. On Debian: apt-get install -y --no-install-recommends ${debianPackage}`,
  );
}
