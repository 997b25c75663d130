import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { expect, test } from "vitest";
import { runCommand } from "../../support/command-line.js";
import { codeBlocks, readPages, root } from "../../support/markdown.js";

/** The npm scripts that a page may name: the repository's, and an example's own in its readme. */
function scriptsOf(path: string): string[] {
  const projects = path.startsWith("examples/") ? [".", dirname(path)] : ["."];
  return projects.flatMap((project) => {
    const text = readFileSync(join(root, project, "package.json"), "utf8");
    return Object.keys((JSON.parse(text) as { scripts: object }).scripts);
  });
}
// Scripts of a new Next.js project.
const othersScripts = ["dev"];
// Review a command before you add its program here.
const programs = ["apt-get", "cat", "cd", "cp", "docker", "echo", "node", "npm", "npx", "openssl", "psql"];
const packages = [
  "@electric-sql/pglite-socket",
  "calbridge",
  "create-next-app@latest",
  "drizzle-kit",
  "prisma",
  "tsx",
  "wrangler",
];

const blocks = readPages().flatMap((page) =>
  codeBlocks(page, ["sh"]).map((block) => ({ ...block, place: `${page.path}:${block.line}` })),
);

test("every shell command can be parsed", () => {
  for (const { place, code } of blocks) {
    // A placeholder such as <the new id> is not a redirection.
    const input = code.replaceAll(/<the new \w+>/g, "NAME");
    expect(() => execFileSync("bash", ["-n"], { input, stdio: "pipe" }), place).not.toThrow();
  }
});

test("every program that a command calls is one that was reviewed", () => {
  const unknown = blocks.flatMap(({ place, code }) => {
    const commands = code.replaceAll(/^cat >> [\s\S]*?^END$/gm, "cat").split(/\n|&&|\|/);
    const names = commands.map((command) => command.trim().split(/\s/)[0] ?? "");
    return names
      .filter((name) => name !== "" && name !== "#" && !/^[A-Z_]+=/.test(name) && !programs.includes(name))
      .map((name) => `${place} ${name}`);
  });
  const run = blocks.flatMap(({ code }) =>
    [...code.matchAll(/\bnpx (?:--?\w+ )*(\S+)/g)].map(([, name]) => name),
  );
  expect(unknown).toEqual([]);
  expect(run.filter((name) => !packages.includes(name!))).toEqual([]);
});

test("every script that a page runs with npm run exists", () => {
  const missing = readPages().flatMap(({ path, text }) =>
    [...text.matchAll(/\bnpm run (?:--silent )?([\w:-]+)/g)]
      .filter(([, name = ""]) => !scriptsOf(path).includes(name) && !othersScripts.includes(name))
      .map(([command]) => `${path}: ${command}`),
  );
  expect(missing).toEqual([]);
});

test("every calbridge command accepts the options that a page gives it", async () => {
  const lines = readPages().flatMap(({ path, text }) =>
    [...text.matchAll(/(?:npx |\.bin\/)calbridge ([^\n`|>#]+)/g)].map(([, rest = ""]) => ({
      path,
      rest: rest.trim(),
    })),
  );
  expect(lines.length).toBeGreaterThan(8);
  for (const { path, rest } of lines) {
    const args = rest.split(/\s+/).filter((arg) => arg !== "--help");
    // Options are validated before the help is printed.
    expect(await runCommand([...args, "--help"]), `${path}: calbridge ${rest}`).toMatchObject({ code: 0 });
  }
  expect(await runCommand(["schema", "--migrate", "--help"])).toMatchObject({ code: 2 });
});
