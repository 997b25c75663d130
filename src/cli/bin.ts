#!/usr/bin/env node
import { createRequire } from "node:module";
import { createInterface } from "node:readline/promises";
import { main } from "./index.js";

// By the package's name and not by a relative path: src/cli/bin.ts is one folder deeper than dist/cli.js.
const { version } = createRequire(import.meta.url)("calbridge/package.json") as { version: string };

process.exitCode = await main(process.argv.slice(2), {
  version,
  out: (line) => console.log(line),
  err: (line) => console.error(line),
  // Erases the line, then writes it without a line end.
  ...(process.stderr.isTTY && {
    progress: (line: string) => void process.stderr.write(`\r\u001b[2K${line}`),
  }),
  env: process.env,
  cwd: process.cwd(),
  fetch: globalThis.fetch,
  now: Date.now,
  ask: async (question) => {
    const lines = createInterface({ input: process.stdin, output: process.stdout });
    try {
      return await lines.question(question);
    } finally {
      lines.close();
    }
  },
  untilStopped: () =>
    new Promise((resolve) => {
      process.once("SIGINT", () => resolve());
      process.once("SIGTERM", () => resolve());
    }),
});
