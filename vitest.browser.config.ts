import { defineConfig } from "vitest/config";

/** Tests in a real browser: Chromium has to be installed. `npm run test:browser`. */
export default defineConfig({
  // Examples import the package by its name: what is tested are the sources.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/e2e/browser/**/*.test.ts", "examples/testing/*.browser.test.ts"],
    globalSetup: ["test/support/services.ts"],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    restoreMocks: true,
  },
});
