import { test } from "vitest";

/** How to install the servers that tests start, on Debian and on macOS. */
const packages = {
  "redis-server": { apt: "redis-server", brew: "redis" },
  mariadbd: { apt: "mariadb-server", brew: "mariadb" },
};

/** Where a server is not installed: a test that says so and is skipped, and that fails where a run decides about a change. */
export function requireServer(program: keyof typeof packages, isInstalled: boolean): void {
  if (isInstalled) return;
  const { apt, brew } = packages[program];
  const missing = `${program} is not installed, so its tests were left out. Debian: apt-get install ${apt}. macOS: brew install ${brew}.`;
  test(`with ${program}`, ({ skip }) => {
    if (process.env["CI"]) throw new Error(missing);
    console.warn(missing);
    skip(missing);
  });
}
