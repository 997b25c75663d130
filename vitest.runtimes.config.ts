import { defineConfig } from "vitest/config";

/** The packed package on every runtime, compiler and loader that it is for. `npm run test:runtimes`. */
export default defineConfig({
  test: {
    include: ["test/e2e/runtimes/*.test.ts"],
    globalSetup: ["test/support/services.ts"],
    testTimeout: 60_000,
    hookTimeout: 180_000,
  },
});
