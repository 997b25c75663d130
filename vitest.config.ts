import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const modules18 = fileURLToPath(new URL("test/support/react-18/node_modules", import.meta.url));

export default defineConfig({
  // Examples import the package by its name: the tests use the sources.
  resolve: { tsconfigPaths: true },
  test: {
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    restoreMocks: true,
    // Many tests wait for other processes: on a machine with two cores, one file at a time would take twice as long.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    unstubEnvs: true,
    projects: [
      {
        // Without a database or another process: `npm run test:unit`.
        extends: true,
        test: { name: "unit", include: ["test/unit/**/*.test.{ts,tsx}"] },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/{integration,security,package}/**/*.test.{ts,tsx}", "examples/testing/*.test.ts"],
          exclude: ["**/*.browser.test.ts"],
          globalSetup: ["test/support/services.ts"],
        },
      },
      {
        // The component's tests once more, with the oldest supported React.
        extends: true,
        resolve: { alias: [{ find: /^(react|react-dom)(?=$|\/)/, replacement: `${modules18}/$1` }] },
        test: { name: "react 18", include: ["test/unit/react/*.test.tsx"], env: { REACT: "18" } },
      },
    ],
  },
});
