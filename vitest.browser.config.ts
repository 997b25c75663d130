import { defineConfig } from "vitest/config";

/** Tests in a real browser, which need Chromium: `npm run test:browser`. */
export default defineConfig({
  // Examples import the package by its name. With tsconfigPaths they get the sources.
  resolve: { tsconfigPaths: true },
  test: {
    include: ["test/e2e/browser/**/*.test.ts", "examples/testing/*.browser.test.ts"],
    globalSetup: ["test/support/services.ts"],
    testTimeout: 180_000,
    hookTimeout: 180_000,
    // The default of one second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    restoreMocks: true,
  },
});
