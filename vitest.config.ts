import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // They need a browser, or install the examples: vitest.browser.config.ts, vitest.examples.config.ts.
    exclude: ["test/browser/**", "test/projects/**"],
    globalSetup: ["test/support/services.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
