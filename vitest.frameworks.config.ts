import { defineConfig } from "vitest/config";

/** An application of each framework, with the packed package installed, built and used. `npm run test:frameworks`. */
export default defineConfig({
  test: {
    include: ["test/e2e/frameworks/*.test.ts"],
    globalSetup: ["test/support/services.ts"],
    // An install, a build and a server's start. One that hangs is stopped.
    testTimeout: 900_000,
    hookTimeout: 180_000,
  },
});
