import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { cruise, type ICruiseResult } from "dependency-cruiser";
import { expect, test } from "vitest";

const sources = readdirSync("src", { recursive: true, encoding: "utf8" })
  .filter((file) => /\.tsx?$/.test(file))
  .map((file) => join("src", file));

test("no file of src imports itself through others, types included", async () => {
  const { output } = await cruise(["src"], {
    validate: true,
    ruleSet: { forbidden: [{ name: "no-circular", severity: "error", from: {}, to: { circular: true } }] },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
  });
  const { modules, summary } = output as ICruiseResult;
  // The graph is really there: a parser that finds no import would find no cycle either.
  expect(modules.length).toBeGreaterThan(100);
  expect(modules.flatMap(({ dependencies }) => dependencies).length).toBeGreaterThan(300);
  expect(summary.violations.map(({ from, to }) => `${from} -> ${to}`)).toEqual([]);
});

test("a file of src has 320 lines at most, and half of them have fewer than 120", () => {
  const lengths = sources.map((file) => readFileSync(file, "utf8").split("\n").length).sort((a, b) => a - b);
  expect(lengths.at(-1)).toBeLessThanOrEqual(320);
  expect(lengths[Math.floor(lengths.length / 2)]).toBeLessThan(120);
});
