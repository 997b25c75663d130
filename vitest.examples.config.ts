import { defineConfig } from "vitest/config";

/** The projects under `examples/`, installed, built and walked through. `npm run test:examples`. */
export default defineConfig({
  test: {
    include: ["test/e2e/examples/**/*.test.ts"],
    globalSetup: ["test/support/services.ts"],
    // They mostly wait: for the registry, and for servers to start.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 400_000,
  },
});
