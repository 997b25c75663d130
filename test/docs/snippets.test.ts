import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import ts from "typescript";
import { describe, expect, it } from "vitest";
import { codeBlocks, readPages, root } from "../support/markdown.js";

/** What a page may take for granted: names that the text around a block has introduced. */
const ambient = `
import type { CalClient, CalUser, TokenStore } from "calbridge";
declare global {
  const cal: CalClient;
  const ada: CalUser;
  const tokenStore: TokenStore;
  const findSession: (request: Request) => Promise<{ userId: string; email: string; name: string } | null>;
  const code: string;
  const state: string;
  const username: string;
  const password: string;
}
`;

/** Compiles virtual files as if they lay in the project, and answers what the compiler complains of. */
function compile(files: Map<string, string>): string[] {
  const configFile = join(root, "tsconfig.json");
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
    { noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: true, jsx: ts.JsxEmit.ReactJSX },
    configFile,
  );
  const host = ts.createCompilerHost(config.options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => files.has(path) || fileExists(path);
  host.readFile = (path) => files.get(path) ?? readFile(path);
  host.getSourceFile = (path, options, ...rest) => {
    const text = files.get(path);
    return text === undefined
      ? getSourceFile(path, options, ...rest)
      : ts.createSourceFile(path, text, options);
  };
  const program = ts.createProgram([...files.keys()], config.options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file && files.has(file.fileName))
    .map(({ file, start, messageText }) => {
      const { line } = file!.getLineAndCharacterOfPosition(start ?? 0);
      return `${file!.fileName.slice(root.length + 1)}:${String(line + 1)} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
}

describe("the code in the documentation", () => {
  it("compiles", () => {
    const files = new Map([[join(root, "snippets", "ambient.d.ts"), ambient]]);
    for (const page of readPages()) {
      for (const { line, language, code } of codeBlocks(page, ["ts", "tsx"])) {
        // A block without imports is a module all the same: its names are its own.
        const name = `${page.path.replaceAll(/[^\w]/g, "_")}_line_${String(line)}.${language}`;
        files.set(join(root, "snippets", name), `${code}\nexport {};\n`);
      }
    }
    expect(files.size).toBeGreaterThan(5);
    expect(compile(files)).toEqual([]);
  }, 120_000);

  it("is checked by a compiler that sees mistakes", () => {
    const files = new Map([
      [join(root, "snippets", "ambient.d.ts"), ambient],
      [join(root, "snippets", "wrong.ts"), "await ada.calendars.chekc('google');\nexport {};\n"],
    ]);
    expect(compile(files).join()).toContain("chekc");
  }, 60_000);

  it("has the readme's first example as a file that runs and prints a connected calendar", async () => {
    const example = readFileSync(join(root, "examples/basic.ts"), "utf8");
    const [first] = codeBlocks(readPages()[0]!, ["ts"]);
    expect(first?.code).toBe(example);
    const { stdout } = await promisify(execFile)(process.execPath, ["--import", "tsx", "examples/basic.ts"], {
      cwd: root,
    });
    expect(stdout).toMatch(/^Connected: alice@gmail\.example with 2 calendars$/m);
  }, 30_000);
});
