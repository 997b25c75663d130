import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const modules18 = fileURLToPath(new URL("test/support/react-18/node_modules", import.meta.url));

export default defineConfig({
  // Examples import the package by its name: what is tested are the sources.
  resolve: { tsconfigPaths: true },
  test: {
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    // Many of them wait for other processes: on a machine of two cores one at a time would take twice as long.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    unstubEnvs: true,
    projects: [
      {
        extends: true,
        test: {
          name: "all",
          include: ["test/**/*.test.{ts,tsx}", "examples/testing/*.test.ts"],
          // They need a browser, other runtimes, or the examples installed: each has a configuration of its own.
          exclude: [
            "test/e2e/browser/**",
            "test/e2e/runtimes/**",
            "test/e2e/examples/**",
            "**/*.browser.test.ts",
          ],
          globalSetup: ["test/support/services.ts"],
        },
      },
      {
        // The component's tests once more, with the oldest React that it works with.
        extends: true,
        resolve: { alias: [{ find: /^(react|react-dom)(?=$|\/)/, replacement: `${modules18}/$1` }] },
        test: { name: "react 18", include: ["test/unit/react/*.test.tsx"], env: { REACT: "18" } },
      },
    ],
  },
});
