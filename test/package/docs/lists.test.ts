import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import ts from "typescript";
import { expect, test } from "vitest";
import { root } from "../../support/markdown.js";

/** The members of a union of strings, or an interface's properties, in a source. */
function namesIn(file: string, type: string): string[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(join(root, file), "utf8"),
    ts.ScriptTarget.Latest,
    true,
  );
  const names: string[] = [];
  const collect = (node: ts.Node): void => {
    if (ts.isLiteralTypeNode(node) && ts.isStringLiteral(node.literal)) names.push(node.literal.text);
    if (ts.isTypeReferenceNode(node)) {
      const name = node.typeName.getText();
      const there = source.statements.some((one) => ts.isTypeAliasDeclaration(one) && one.name.text === name);
      names.push(...namesIn(there ? file : "src/calendars/status.ts", name));
    }
    if (ts.isUnionTypeNode(node)) node.types.forEach(collect);
  };
  for (const statement of source.statements) {
    if (ts.isTypeAliasDeclaration(statement) && statement.name.text === type) collect(statement.type);
    if (ts.isInterfaceDeclaration(statement) && statement.name.text === type) {
      names.push(...statement.members.map(({ name }) => name?.getText() ?? ""));
    }
  }
  if (names.length === 0) throw new Error(`${file} has no ${type}.`);
  return names;
}

/** The names in backticks in the tables under a heading of a page, in the first column or in any. */
function namesListed(path: string, heading: string, column: "first" | "any"): string[] {
  const [, section = ""] = readFileSync(join(root, path), "utf8").split(`\n${heading}\n`);
  const rows = section
    .split(/\n#{1,3} /)[0]!
    .split("\n")
    .filter((line) => line.startsWith("|"));
  const cells = rows.map((row) => (column === "first" ? (row.split("|")[1] ?? "") : row));
  return cells.flatMap((cell) => [...cell.matchAll(/`(\w+)`/g)].map(([, name = ""]) => name));
}

const missing = (all: string[], listed: string[]): string[] => all.filter((name) => !listed.includes(name));

test("docs/errors.md lists every error code, and no other", () => {
  const codes = namesIn("src/errors.ts", "CalErrorCode");
  const listed = namesListed("docs/errors.md", "## Codes", "first").filter((name) => name !== "code");
  expect(missing(codes, listed)).toEqual([]);
  expect(missing(listed, codes)).toEqual([]);
});

test("the table that editors show for CalErrorCode lists every code, and no other", () => {
  const [comment = ""] = readFileSync(join(root, "src/errors.ts"), "utf8").split("export type CalErrorCode");
  const listed = [...comment.matchAll(/^ \* \| `(\w+)` \|/gm)].map(([, code = ""]) => code);
  expect(listed.toSorted()).toEqual(namesIn("src/errors.ts", "CalErrorCode").toSorted());
});

test("docs/errors.md lists every reason why a calendar is not connected", () => {
  const listed = namesListed("docs/errors.md", "## Why a calendar is not connected", "first");
  expect(missing(namesIn("src/calendars/status.ts", "DisconnectedReason"), listed)).toEqual([]);
});

test("docs/handlers.md lists every reason, code and option of the handlers", () => {
  const page = "docs/handlers.md";
  const reasons = namesIn("src/handlers/http/http-error.ts", "ReturnReason");
  expect(missing(reasons, namesListed(page, "## Where the user ends up", "first"))).toEqual([]);
  const codes = namesIn("src/handlers/http/http-error.ts", "HandlerErrorCode");
  expect(missing(codes, namesListed(page, "## Errors", "any"))).toEqual([]);
  const options = namesIn("src/handlers/options.ts", "CalHandlersOptions");
  expect(missing(options, namesListed(page, "## Options", "first"))).toEqual([]);
});

test("docs/client.md lists every variable that the package reads from the environment", () => {
  const sources = readdirSync(join(root, "src"), { recursive: true, encoding: "utf8" })
    .filter((file) => /\.tsx?$/.test(file))
    .map((file) => readFileSync(join(root, "src", file), "utf8"));
  const read = new Set(sources.flatMap((text) => text.match(/\bCAL_[A-Z]+(_[A-Z]+)*\b/g) ?? []));
  expect(read.size).toBeGreaterThan(4);
  const listed = namesListed("docs/client.md", "## Environment variables", "first");
  expect(missing([...read], listed)).toEqual([]);
});

test("docs/architecture.md lists every folder of src", () => {
  const folders = readdirSync(join(root, "src"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => name);
  const listed = namesListed("docs/architecture.md", "## Folders", "first");
  expect(missing(folders, listed)).toEqual([]);
});

test("the picture of the layers shows no import that the lint rule forbids", async () => {
  const { default: config } = (await import(pathToFileURL(join(root, "eslint.config.js")).href)) as {
    default: { rules?: Record<string, unknown> }[];
  };
  const rules = config.flatMap(({ rules = {} }) => rules["import-x/no-restricted-paths"] ?? []);
  const [, { zones }] = rules as [string, { zones: { target: string; except: string[] }[] }];
  const page = readFileSync(join(root, "docs/architecture.md"), "utf8");
  const arrows = [...page.matchAll(/^ +([\w-]+)(?:\[([^\]]+)\])? --> ([\w-]+)(?:\[([^\]]+)\])?$/gm)];
  expect(arrows.length).toBeGreaterThan(15);
  // A node is named by its label, where its name alone would not do: `memory[stores/memory]`.
  const labels = new Map(
    [...page.matchAll(/\b([\w-]+)\[([^\]]+)\]/g)].map(([, id = "", label = ""]) => [id, label]),
  );
  const partsOf = (id: string): string[] => (labels.get(id) ?? id).split(", ");
  const named = (path: string): string => path.replace(/^(\.\/|src\/)/, "").replace(/\.ts$/, "");
  const forbidden = arrows.flatMap(([, from = "", , to = ""]) =>
    partsOf(from).filter((part) => {
      const zone = zones.find(({ target }) => named(target) === part);
      // The command has no zone: it may import everything.
      return (
        zone && !partsOf(to).every((target) => zone.except.some((path) => target.startsWith(named(path))))
      );
    }),
  );
  expect(forbidden).toEqual([]);
});
