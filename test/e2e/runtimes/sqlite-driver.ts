import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryConnectionStore, memoryTokenStore } from "../../../src/index.js";
import {
  connectionStoreContract,
  connectionStoreProcessContract,
  tokenStoreContract,
  tokenStoreProcessContract,
} from "../../../src/testing/index.js";
import type { Project } from "../../support/project.js";
import { createSqliteFile } from "../../support/sqlite.js";
import { runToEnd } from "./processes.js";
import { tools } from "./tools.js";

export const node = (version: number) => join(tools, `node${version}/bin/node`);

const start = () => expect.fail();

/** How many rules each contract has. */
export const rules = {
  tokens: {
    one: tokenStoreContract(() => memoryTokenStore()).length,
    processes: tokenStoreProcessContract({ makeStore: memoryTokenStore, start }).length,
  },
  connections: {
    one: connectionStoreContract(() => memoryConnectionStore()).length,
    processes: connectionStoreProcessContract({ makeStore: memoryConnectionStore, start }).length,
  },
};

export function expectAllKept(lines: string[], count: number): void {
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual(["end"]);
  expect(lines).toHaveLength(count + 1);
}

/** Tests the SQLite stores over a driver, in a runtime of its own. */
export function testDriver(project: () => Project, driver: string, command: string, args: string[]): void {
  test.each([
    ["tokens", "one process", "one"],
    ["tokens", "several processes that share the file", "processes"],
    ["connections", "one process", "one"],
    ["connections", "several processes that share the file", "processes"],
  ] as const)("the store of %s keeps the contract: %s", async (store, _, role) => {
    const { file, remove } = await createSqliteFile();
    const all = [...args, "program/sqlite.js", store, role, driver, file, tools];
    const { lines, stderr, exitCode } = await runToEnd(command, all, project().directory);
    await remove();
    expect([exitCode, stderr]).toEqual([0, ""]);
    expectAllKept(lines, rules[store][role]);
  });
}
