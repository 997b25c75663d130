import { readFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { dirname, join } from "node:path";
import ts from "typescript";

/** A file of the package, and what it loads. */
interface Imports {
  /** Other files of the package. */
  files: { path: string; isDynamic: boolean }[];
  /** Node's own modules. */
  builtins: string[];
}

// What only Node has, or what Node's kind of modules alone have.
const globals = ["process", "Buffer", "global", "setImmediate", "__dirname", "__filename"];

/** The modules of a package as it was built. */
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

  /** A file and all that it loads, in the end. */
  reachable(path: string, { dynamic }: { dynamic: boolean }, seen = new Set<string>()): Set<string> {
    if (seen.has(path)) return seen;
    seen.add(path);
    for (const file of this.#imports(path).files) {
      if (dynamic || !file.isDynamic) this.reachable(file.path, { dynamic }, seen);
    }
    return seen;
  }

  /** What a file takes of Node: its modules, and its global names. */
  ofNode(path: string): string[] {
    const found = new Set(this.#imports(path).builtins);
    const source = this.#program.getSourceFile(path);
    const checker = this.#program.getTypeChecker();
    const names = path.endsWith(".cjs") ? globals : [...globals, "require", "module", "exports"];
    const visit = (node: ts.Node): void => {
      // Not a variable of the file's own, such as one that is called `process`.
      const isFree = (name: ts.Identifier) =>
        !checker
          .getSymbolAtLocation(name)
          ?.declarations?.some((declaration) => !ts.isIdentifier(declaration));
      if (ts.isIdentifier(node) && names.includes(node.text) && isReference(node) && isFree(node)) {
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
      // Declarations name the file that they describe.
      const isTypes = /\.d\.c?ts$/.test(path);
      const file = isTypes ? fileName.replace(/\.js$/, ".d.ts").replace(/\.cjs$/, ".d.cts") : fileName;
      const before = text.slice(Math.max(0, pos - 40), pos + 1);
      const isDynamic = /import\(\s*["']?$|then\(\(\) => require\(\s*["']?$/.test(before);
      imports.files.push({ path: join(dirname(path), file), isDynamic });
    }
    return imports;
  }
}

/** Whether it stands for a variable, not for a property or a declaration of that name. */
function isReference(name: ts.Identifier): boolean {
  const { parent } = name;
  if (ts.isPropertyAccessExpression(parent)) return parent.expression === name;
  if (ts.isPropertyAssignment(parent)) return parent.initializer === name;
  return !ts.isMethodDeclaration(parent) && !ts.isBindingElement(parent) && !ts.isPropertyDeclaration(parent);
}
