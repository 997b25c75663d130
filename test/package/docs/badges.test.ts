import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../../support/markdown.js";

const read = (path: string): string => readFileSync(join(root, path), "utf8");

test("the readme's badges say what package.json says, in their picture and to screen readers", () => {
  const { license, engines, types, dependencies } = JSON.parse(read("package.json")) as {
    license: string;
    engines: { node: string };
    types: string;
    dependencies: object;
  };
  expect(types).toMatch(/\.d\.ts$/);
  const facts = [
    ["licence", license],
    ["node", engines.node.replace(">=", "≥ ")],
    ["types", "included"],
    ["dependencies", String(Object.keys(dependencies).length)],
  ] as const;
  for (const [name, value] of facts) {
    const path = `docs/images/badge-${name}.svg`;
    expect(read("README.md")).toContain(`<img src="${path}" alt="${name}: ${value}" />`);
    expect(read(path)).toContain(`aria-label="${name}: ${value}"`);
    expect(read(path)).toContain(`>${value}</text>`);
  }
});
