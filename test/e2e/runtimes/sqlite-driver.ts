import { join } from "node:path";
import { expect, test } from "vitest";
import { memoryTokenStore } from "../../../src/index.js";
import { tokenStoreContract, tokenStoreProcessContract } from "../../../src/testing/index.js";
import type { Project } from "../../support/project.js";
import { createSqliteFile } from "../../support/sqlite.js";
import { runToEnd } from "./processes.js";
import { tools } from "./tools.js";

export const node = (version: number) => join(tools, `node${version}/bin/node`);

export const rules = {
  one: tokenStoreContract(() => memoryTokenStore()).length,
  processes: tokenStoreProcessContract({ makeStore: memoryTokenStore, start: () => expect.fail() }).length,
};

export function expectAllKept(lines: string[], count: number): void {
  expect(lines.filter((line) => !line.startsWith("ok "))).toEqual(["end"]);
  expect(lines).toHaveLength(count + 1);
}

/** Tests the SQLite store over a driver, in a runtime of its own. */
export function testDriver(project: () => Project, driver: string, command: string, args: string[]): void {
  test.each([
    ["one process", "one"],
    ["several processes that share the file", "processes"],
  ] as const)("the store keeps the contract: %s", async (_, role) => {
    const { file, remove } = await createSqliteFile();
    const all = [...args, "program/sqlite.js", role, driver, file, tools];
    const { lines, stderr, exitCode } = await runToEnd(command, all, project().directory);
    await remove();
    expect([exitCode, stderr]).toEqual([0, ""]);
    expectAllKept(lines, rules[role]);
  });
}
