import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";

/** The imports of a file of the package. */
interface Imports {
  /** Other files of the package. */
  files: { path: string; isDynamic: boolean }[];
  /** Node's own modules. */
  builtins: string[];
}

// Global names of Node and of CommonJS modules.
const globals = ["process", "Buffer", "global", "setImmediate", "__dirname", "__filename"];

/** The modules of the built package. */
export class Modules {
  readonly #program: ts.Program;

  constructor(paths: string[]) {
    this.#program = ts.createProgram(paths, {
      allowJs: true,
      noLib: true,
      noResolve: true,
      types: [],
      module: ts.ModuleKind.Node16,
      moduleResolution: ts.ModuleResolutionKind.Node16,
    });
  }

  /** A file and all files that it imports, directly or indirectly. */
  reachable(path: string, { dynamic }: { dynamic: boolean }, seen = new Set<string>()): Set<string> {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const file of this.#imports(path).files) {
      if (dynamic || !file.isDynamic) this.reachable(file.path, { dynamic }, seen);
    }
    return seen;
  }

  /** The modules and global names of Node that a file uses. */
  nodeNames(path: string): string[] {
    const found = new Set(this.#imports(path).builtins);
    const source = this.#program.getSourceFile(path);
    const checker = this.#program.getTypeChecker();
    const names = path.endsWith(".cjs") ? globals : [...globals, "require", "module", "exports"];
    const visit = (node: ts.Node): void => {
      // Without variables that the file declares itself, such as one with the name `process`.
      const isGlobal = (name: ts.Identifier) =>
        !checker
          .getSymbolAtLocation(name)
          ?.declarations?.some((declaration) => !ts.isIdentifier(declaration));
      if (ts.isIdentifier(node) && names.includes(node.text) && isReference(node) && isGlobal(node)) {
        found.add(node.text);
      }
      ts.forEachChild(node, visit);
    };
    if (source) visit(source);
    return [...found].sort();
  }

  #imports(path: string): Imports {
    const imports: Imports = { files: [], builtins: [] };
    const text = readFileSync(path, "utf8");
    for (const { fileName, pos } of ts.preProcessFile(text, true, true).importedFiles) {
      if (isBuiltin(fileName)) imports.builtins.push(fileName);
      if (!fileName.startsWith(".")) continue;
      // A declaration imports the JavaScript file, not its .d.ts.
      const isTypes = /\.d\.c?ts$/.test(path);
      const file = isTypes ? fileName.replace(/\.js$/, ".d.ts").replace(/\.cjs$/, ".d.cts") : fileName;
      const before = text.slice(Math.max(0, pos - 40), pos + 1);
      const isDynamic = /import\(\s*["']?$|then\(\(\) => require\(\s*["']?$/.test(before);
      imports.files.push({ path: join(dirname(path), file), isDynamic });
    }
    return imports;
  }
}

/** Whether the name refers to a variable. It may also be the name of a property or declaration. */
function isReference(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === name;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === name;
  return !ts.isMethodDeclaration(parent) && !ts.isBindingElement(parent) && !ts.isPropertyDeclaration(parent);
}
