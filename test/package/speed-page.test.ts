import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { speedPage } from "../bench/page.js";
import { root } from "../support/markdown.js";

const part = {
  title: "One call",
  notes: "Medians of 3 rounds.",
  at: "2026-11-27T10:00:00.000Z",
  machine: { node: "v24.1.0", system: "6.1", cores: 2 },
};

test("the benchmark's page has a table for each part, with a column for each figure of any row", () => {
  const page = speedPage([
    {
      ...part,
      rows: [
        { way: "fetch", us: 1234 },
        { way: "a|b", us: 2, before: 3 },
      ],
    },
    { ...part, title: "Memory", rows: [{ calls: 1_000_000, "heap MB": 7.5 }] },
  ]);
  expect(page).toContain("## One call\n\n| way | us | before |\n| --- | --: | --: |\n| fetch | 1,234 |  |\n");
  expect(page).toContain("| a\\|b | 2 | 3 |");
  expect(page).toContain("Medians of 3 rounds. Node.js v24.1.0, 2 cores, 2026-11-27.");
  expect(page).toContain("## Memory\n\n| calls | heap MB |\n| --: | --: |\n| 1,000,000 | 7.5 |");
});

test("the page in the documentation is one that the benchmark wrote", () => {
  const [begin = ""] = speedPage([]).split("\n\n\n");
  expect(readFileSync(join(root, "docs/speed.md"), "utf8")).toContain(begin.trim());
});
