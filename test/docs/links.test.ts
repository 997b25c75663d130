import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, it } from "vitest";
import { readPages, root } from "../support/markdown.js";

/** GitHub's anchors of a page's headings. */
function anchorsOf(text: string): string[] {
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading = ""]) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\w\- ]/g, "")
      .replaceAll(" ", "-"),
  );
}

it("no link of the documentation leads nowhere", () => {
  const broken: string[] = [];
  for (const { path, text } of readPages()) {
    const prose = text.replaceAll(/^```[\s\S]*?^```$/gm, "");
    for (const [, target = ""] of prose.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^https?:/.test(target)) continue;
      const [file = "", anchor] = target.split("#");
      const there = file === "" ? join(root, path) : join(root, dirname(path), file);
      const isBroken =
        !existsSync(there) ||
        (anchor !== undefined && !anchorsOf(readFileSync(there, "utf8")).includes(anchor));
      if (isBroken) broken.push(`${path}: ${target}`);
    }
  }
  expect(broken).toEqual([]);
});
