import { defineConfig } from "vitest/config";

/**
 * Tests of the packed package with all supported runtimes, compilers and module loaders, and of the stores with drivers and ORMs:
 * `npm run test:runtimes`.
 */
export default defineConfig({
  test: {
    include: ["test/e2e/runtimes/*.test.ts"],
    globalSetup: ["test/support/services.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The default of one second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
  },
});
