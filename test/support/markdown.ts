import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join, relative } from "node:path";

/** The project's folder. */
export const root = join(import.meta.dirname, "../..");

/** A page of the documentation. */
export interface Page {
  /** Relative to the project. */
  path: string;
  text: string;
}

/** The readme, everything under `docs`, and the examples' readmes. */
export function readPages(): Page[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("site"))
    .map((name) => join("docs", name));
  const examples = readdirSync(join(root, "examples"))
    .map((name) => join("examples", name, "README.md"))
    .filter((path) => existsSync(join(root, path)));
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs, ...examples].map((path) => ({
    path: relative(root, join(root, path)),
    text: readFileSync(join(root, path), "utf8"),
  }));
}

/** A fenced block of code. */
export interface CodeBlock {
  /** The line of the page in which the code begins. */
  line: number;
  language: string;
  /** What follows the language, which no reader sees: `run`, for code that a test runs. */
  isRun: boolean;
  /** `file=PATH`: the reader writes the code into that file. */
  file: string | undefined;
  /** `from=PATH`: the code stands in that file of the repository. */
  from: string | undefined;
  code: string;
}

/** The fenced blocks of a page, those in lists included. */
export function codeBlocks({ text }: Page, languages?: readonly string[]): CodeBlock[] {
  const fence = /^( *)```(\w*)([^\n]*)\n([\s\S]*?)^\1```$/gm;
  return [...text.matchAll(fence)]
    .map(([whole, indent = "", language = "", info = "", code = ""]) => ({
      line: text.slice(0, text.indexOf(whole)).split("\n").length + 1,
      language,
      isRun: /(^| )run( |$)/.test(info),
      file: /(?:^| )file=(\S+)/.exec(info)?.[1],
      from: /(?:^| )from=(\S+)/.exec(info)?.[1],
      code: code.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    }))
    .filter(({ language }) => languages?.includes(language) ?? true);
}
