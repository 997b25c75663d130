// For Node, with the package as CommonJS.
const calbridge = require("calbridge");
const handlers = require("calbridge/handlers");
const node = require("calbridge/node");
const testing = require("calbridge/testing");

async function main() {
  const { checks, run } = await import("./checks.js");
  const { server } = await import("./server.js");
  await run([...checks, ...server], { calbridge, handlers, node, testing }, console.log);
}
void main();
