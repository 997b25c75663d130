import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["test/**/*.test.{ts,tsx}"],
    // They need a browser (vitest.browser.config.ts), and other runtimes (vitest.runtimes.config.ts).
    exclude: ["test/browser/**", "test/runtimes/**"],
    globalSetup: ["test/support/services.ts"],
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 20_000,
    hookTimeout: 60_000,
    restoreMocks: true,
    unstubEnvs: true,
  },
});
