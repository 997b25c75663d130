import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const modules18 = fileURLToPath(new URL("test/support/react-18/node_modules", import.meta.url));

// They count the timers that are left, or turn the clock by hours. Work that another file left behind would be counted, or
// done over and over.
const filesWithTimersAlone = [
  "test/unit/api/retry.test.ts",
  "test/unit/lib/{deadline,single-flight}.test.ts",
  "test/unit/tokens/*.test.ts",
];

export default defineConfig({
  // Examples import the package by its name. With tsconfigPaths they get the sources.
  resolve: { tsconfigPaths: true },
  test: {
    setupFiles: ["test/support/setup.ts"],
    testTimeout: 60_000,
    hookTimeout: 400_000,
    restoreMocks: true,
    // The default of one second is too short for a busy machine.
    expect: { poll: { timeout: 30_000 } },
    // At least two workers: many tests wait for other processes.
    maxWorkers: Math.max(2, availableParallelism() - 1),
    unstubEnvs: true,
    projects: [
      {
        // Tests without a database or other processes: `npm run test:unit`.
        extends: true,
        // Test files of one worker share their modules: loading them for each file would take a third of the time.
        test: {
          name: "unit",
          include: ["test/unit/**/*.test.{ts,tsx}"],
          exclude: ["test/unit/{react,browser}/**", ...filesWithTimersAlone],
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: "timers", include: filesWithTimersAlone },
      },
      {
        // Each file with modules and a page of its own: a page that another file left open would change the results.
        extends: true,
        test: { name: "pages", include: ["test/unit/{react,browser}/*.test.{ts,tsx}"] },
      },
      {
        extends: true,
        test: {
          name: "integration",
          include: ["test/{integration,security,package}/**/*.test.{ts,tsx}", "examples/testing/*.test.ts"],
          exclude: ["**/*.browser.test.ts"],
          globalSetup: ["test/support/services.ts"],
        },
      },
      {
        // The tests of the component with the oldest supported React.
        extends: true,
        resolve: { alias: [{ find: /^(react|react-dom)(?=$|\/)/, replacement: `${modules18}/$1` }] },
        test: { name: "react 18", include: ["test/unit/react/*.test.tsx"], env: { REACT: "18" } },
      },
    ],
  },
});
