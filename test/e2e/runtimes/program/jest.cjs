// For Jest, which has its own module loader. The checks are bundled into this file, the package is not.
const calbridge = require("calbridge");
const handlers = require("calbridge/handlers");
const node = require("calbridge/node");
const testing = require("calbridge/testing");
const { checks, run } = require("./checks.js");
const { server } = require("./server.js");

/* global test */
test("all checks pass", async () => {
  const lines = [];
  await run([...checks, ...server], { calbridge, handlers, node, testing }, (line) => lines.push(line));
  process.stdout.write(`${lines.join("\n")}\n`);
}, 120_000);
