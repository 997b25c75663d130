import { readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, test } from "vitest";
import { codeBlocks, readPages, root } from "../../support/markdown.js";

/** Names that a code block may use without declaring them: the text around it has introduced them. */
const ambient = `
import type { CalClient, CalUser, ConnectionStore, TokenStore } from "calbridge";
declare global {
  const cal: CalClient;
  const ada: CalUser;
  const tokenStore: TokenStore;
  const connectionStore: ConnectionStore;
  const closeStore: () => Promise<void>;
  const findSession: (request: Request) => Promise<{ userId: string; email: string; name: string } | null>;
  const code: string;
  const state: string;
  const username: string;
  const password: string;
}
`;
const snippets = join(root, "snippets");
// What bundlers declare.
const styles = 'declare module "*.css";\n';

/** Compiles virtual files as if they were in the project. Returns the compiler's messages. */
function compile(files: Map<string, string>): string[] {
  const all = new Map(files)
    .set(join(snippets, "ambient.d.ts"), ambient)
    .set(join(snippets, "styles.d.ts"), styles);
  const configFile = join(root, "tsconfig.json");
  const config = ts.parseJsonConfigFileContent(
    ts.readConfigFile(configFile, (path) => ts.sys.readFile(path)).config,
    ts.sys,
    root,
    { noUnusedLocals: false, noUnusedParameters: false, skipLibCheck: true, jsx: ts.JsxEmit.ReactJSX },
    configFile,
  );
  // The paths of a new Next.js project.
  config.options.paths = { ...config.options.paths, "@/*": [`${snippets}/docs_getting_started_md/*.ts`] };
  const host = ts.createCompilerHost(config.options);
  const { readFile, fileExists, getSourceFile } = host;
  host.fileExists = (path) => all.has(path) || fileExists(path);
  host.directoryExists = (path) => path.startsWith(snippets) || ts.sys.directoryExists(path);
  host.readFile = (path) => all.get(path) ?? readFile(path);
  host.getSourceFile = (path, options, ...rest) => {
    const text = all.get(path);
    return text === undefined
      ? getSourceFile(path, options, ...rest)
      : ts.createSourceFile(path, text, options);
  };
  const program = ts.createProgram([...all.keys()], config.options, host);
  return ts
    .getPreEmitDiagnostics(program)
    .filter(({ file }) => file && all.has(file.fileName))
    .map(({ file, start, messageText }) => {
      const { line } = file!.getLineAndCharacterOfPosition(start ?? 0);
      return `${file!.fileName.slice(root.length + 1)}:${String(line + 1)} ${ts.flattenDiagnosticMessageText(messageText, " ")}`;
    });
}

describe("the code in the documentation", () => {
  test("compiles", () => {
    const files = new Map<string, string>();
    for (const page of readPages()) {
      const folder = join(snippets, page.path.replaceAll(/[^\w]/g, "_"));
      for (const { line, language, code, file, from } of codeBlocks(page, ["ts", "tsx"])) {
        // A block that shows a file of the repository is compiled with that file.
        if (from !== undefined) continue;
        const path = join(folder, file ?? `line-${line}.${language}`);
        // A page can show a later version of the same file. `export {}` makes a block without imports a module, too.
        const name = files.has(path) ? path.replace(/(\.tsx?)$/, `-line-${line}$1`) : path;
        files.set(name, `${code}\nexport {};\n`);
      }
    }
    expect(files.size).toBeGreaterThan(30);
    expect(compile(files)).toEqual([]);
  }, 400_000);

  test("is checked by a compiler that finds mistakes", () => {
    const wrong = "await ada.calendars.chekc('google');\nexport {};\n";
    expect(compile(new Map([[join(snippets, "wrong.ts"), wrong]])).join()).toContain("chekc");
  }, 60_000);

  test("is the same as in the file of the repository, where a page shows one", () => {
    // A page may indent a block less than its file does, and adds comments to scripts in Lua.
    const squeeze = (text: string): string => text.replaceAll(/ +-- .*$|^\s+/gm, "").trim();
    const shown = readPages().flatMap((page) => codeBlocks(page).filter((block) => block.from !== undefined));
    for (const { from, code } of shown) {
      expect(squeeze(readFileSync(join(root, from!), "utf8"))).toContain(squeeze(code));
    }
    const files = new Set(shown.map(({ from }) => from));
    for (const whole of ["examples/basic.ts", "examples/testing/busy-on.test.ts"]) {
      expect(files).toContain(whole);
      expect(shown.find(({ from }) => from === whole)?.code).toBe(readFileSync(join(root, whole), "utf8"));
    }
  });
});
