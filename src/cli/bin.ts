#!/usr/bin/env node
import { createRequire } from "node:module";
import { main } from "./index.js";

// By the package's own name: this file is not as deep in the sources as in the package.
const { version } = createRequire(import.meta.url)("calbridge/package.json") as { version: string };

process.exitCode = await main(process.argv.slice(2), {
  version,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  env: process.env,
  cwd: process.cwd(),
  fetch: globalThis.fetch,
  now: Date.now,
  untilStopped: () =>
    new Promise((resolve) => {
      process.once("SIGINT", () => resolve());
      process.once("SIGTERM", () => resolve());
    }),
});
