import { defineConfig } from "vitest/config";

/** Tests that install, build and use the projects under `examples/`: `npm run test:examples`. */
export default defineConfig({
  test: {
    include: ["test/e2e/examples/**/*.test.ts"],
    globalSetup: ["test/support/services.ts"],
    // The tests mostly wait for the registry and for servers to start.
    maxWorkers: 2,
    testTimeout: 120_000,
    hookTimeout: 400_000,
    // The default of one second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
  },
});
