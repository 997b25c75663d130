/**
 * Compares the costs of the package with those of the alternatives. Prints tables, and writes them as JSON.
 *
 *     npm run bench                  # all parts; about half an hour
 *     npm run bench -- call storm    # some parts
 *     npm run bench -- --baseline=../other/dist   # beside the build of another commit, in the same run
 *     npm run bench -- --write       # writes docs/speed.md of all parts that were measured
 *
 * The notes of each part say what was measured. Processor time is more reliable than elapsed time: it depends less on
 * other processes of the machine.
 */
import { existsSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { cpus, release } from "node:os";
import { join } from "node:path";
import { format, resolveConfig } from "prettier";
import { measureCall } from "./call.js";
import { measureColdStart } from "./cold-start.js";
import { measureConnections } from "./connections.js";
import { measureMemory } from "./memory.js";
import { measureMigration } from "./migration.js";
import { speedPage, type Measured } from "./page.js";
import type { Finding } from "./report.js";
import { measureSizes } from "./sizes.js";
import { measureStatus } from "./status.js";
import { measureSteps } from "./steps.js";
import { measureStores } from "./stores.js";
import { measureStorm } from "./storm.js";
import { measureTokenStore } from "./token-store.js";
import { measureUsers } from "./users.js";

const parts: Record<string, () => Promise<Finding>> = {
  call: measureCall,
  users: measureUsers,
  storm: measureStorm,
  status: measureStatus,
  steps: measureSteps,
  store: measureTokenStore,
  migration: measureMigration,
  stores: measureStores,
  cold: measureColdStart,
  sizes: measureSizes,
  memory: measureMemory,
  connections: measureConnections,
};

const given = process.argv.slice(2).filter((name) => !name.startsWith("--"));
const isWritten = process.argv.includes("--write");
const chosen = given.length > 0 ? given : Object.keys(parts);
const unknown = chosen.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  throw new Error(`There is no part ${unknown}. Parts: ${Object.keys(parts).join(", ")}.`);
}

const results = join(import.meta.dirname, "results");
await mkdir(results, { recursive: true });
for (const name of chosen) {
  const finding = await parts[name]!().catch((error: unknown) => {
    // Exit at once: a database that the part has started would keep the process running.
    console.error(error);
    process.exit(1);
  });
  console.log(`\n${finding.title}`);
  console.table(Object.fromEntries(finding.rows.map((row, n) => [n + 1, row])));
  console.log(finding.notes);
  const machine = { node: process.version, system: release(), cpu: cpus()[0]?.model, cores: cpus().length };
  const file = join(results, `${name}.json`);
  await writeFile(file, `${JSON.stringify({ at: new Date(), machine, ...finding }, null, 2)}\n`);
}
console.log(`\nWritten as JSON to ${results}`);

if (isWritten) {
  const measured = Object.keys(parts)
    .map((name) => join(results, `${name}.json`))
    .filter((file) => existsSync(file));
  const texts = await Promise.all(measured.map((file) => readFile(file, "utf8")));
  const page = join(import.meta.dirname, "../../docs/speed.md");
  const text = speedPage(texts.map((json) => JSON.parse(json) as Measured));
  await writeFile(page, await format(text, { ...(await resolveConfig(page)), filepath: page }));
  console.log(`Written: ${page}`);
}
// Workers that a simulation has killed leave timers, which would keep the process running.
process.exit(0);
