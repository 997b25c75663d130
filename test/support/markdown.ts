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

/** The readme, everything under `docs`, what is generated there aside, and the examples' readmes. */
export function readPages(): Page[] {
  const docs = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md") && !name.startsWith("api"))
    .map((name) => join("docs", name));
  const examples = readdirSync(join(root, "examples"))
    .map((name) => join("examples", name, "README.md"))
    .filter((path) => existsSync(join(root, path)));
  return ["README.md", "CONTRIBUTING.md", "CHANGELOG.md", ...docs, ...examples].map((path) => ({
    path: relative(root, join(root, path)),
    text: readFileSync(join(root, path), "utf8"),
  }));
}

/** The fenced blocks of a language, with the line each begins in. */
export function codeBlocks(
  { text }: Page,
  languages: readonly string[],
): { line: number; language: string; code: string }[] {
  const fence = /^```(\w+)[^\n]*\n([\s\S]*?)^```$/gm;
  return [...text.matchAll(fence)]
    .map((match) => ({
      line: text.slice(0, match.index).split("\n").length + 1,
      language: match[1] ?? "",
      code: match[2] ?? "",
    }))
    .filter(({ language }) => languages.includes(language));
}
