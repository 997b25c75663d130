import { defineConfig } from "vitest/config";

export default defineConfig({
  // Examples import the package by its name: what is tested are the sources.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/**/*.test.{ts,tsx}", "examples/testing/*.test.ts"],
    // They need a browser: vitest.browser.config.ts.
    exclude: ["test/browser/**", "**/*.browser.test.ts"],
    globalSetup: ["test/support/services.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
