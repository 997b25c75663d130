import { join } from "node:path";
import { beforeAll, expect, test } from "vitest";
import ts from "typescript";
import { root } from "../support/markdown.js";

const entries = [
  "src/index.ts",
  "src/stores/postgres/postgres-token-store.ts",
  "src/stores/prisma/prisma-token-store.ts",
  "src/handlers/index.ts",
  "src/node/index.ts",
  "src/opentelemetry/index.ts",
  "src/browser/index.ts",
  "src/react/index.ts",
  "src/testing/index.ts",
].map((file) => join(root, file));

let program: ts.Program;
let checker: ts.TypeChecker;
beforeAll(() => {
  const { config } = ts.readConfigFile(join(root, "tsconfig.json"), (path) => ts.sys.readFile(path)) as {
    config: { compilerOptions: object };
  };
  const { options } = ts.convertCompilerOptionsFromJson(config.compilerOptions, root);
  program = ts.createProgram(entries, { ...options, noEmit: true });
  checker = program.getTypeChecker();
});

/** All that a caller gives to what the package exports: the types of parameters, and of their properties. */
function* givenByCallers(): Generator<{ name: string; property: ts.Symbol }> {
  const seen = new Set<ts.Type>();
  const outputs = new Set<ts.Type>();

  function* visitInput(type: ts.Type, name: string): Generator<{ name: string; property: ts.Symbol }> {
    if (seen.has(type)) return;
    seen.add(type);
    if (type.isUnionOrIntersection()) {
      for (const part of type.types) yield* visitInput(part, name);
      return;
    }
    for (const argument of checker.getTypeArguments(type as ts.TypeReference))
      yield* visitInput(argument, name);
    // What a callback is called with is not given by the caller, but what it returns is.
    for (const signature of type.getCallSignatures()) yield* visitInput(signature.getReturnType(), name);
    for (const property of type.getProperties()) {
      if (!isOurs(property)) continue;
      yield { name: `${type.aliasSymbol?.name ?? nameOf(type) ?? name}.${property.name}`, property };
      yield* visitInput(checker.getTypeOfSymbol(property), `${name}.${property.name}`);
    }
  }

  function* visitOutput(type: ts.Type, name: string): Generator<{ name: string; property: ts.Symbol }> {
    if (outputs.has(type)) return;
    outputs.add(type);
    if (type.isUnionOrIntersection()) {
      for (const part of type.types) yield* visitOutput(part, name);
      return;
    }
    for (const argument of checker.getTypeArguments(type as ts.TypeReference))
      yield* visitOutput(argument, name);
    for (const signature of [...type.getCallSignatures(), ...type.getConstructSignatures()]) {
      for (const parameter of signature.getParameters()) {
        yield* visitInput(checker.getTypeOfSymbol(parameter), `${name}(${parameter.name})`);
      }
      yield* visitOutput(signature.getReturnType(), name);
    }
    for (const property of type.getProperties()) {
      if (isOurs(property)) yield* visitOutput(checker.getTypeOfSymbol(property), `${name}.${property.name}`);
    }
  }

  for (const entry of entries) {
    const exported = checker.getExportsOfModule(checker.getSymbolAtLocation(program.getSourceFile(entry)!)!);
    for (const symbol of exported) {
      const target = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol;
      if (target.flags & ts.SymbolFlags.Value)
        yield* visitOutput(checker.getTypeOfSymbol(target), symbol.name);
      // Types that are exported so that callers can make values of them.
      else if (/(Options|Input|Props|Hooks|Session|Appearance|Texts|Query|Update)$/.test(symbol.name)) {
        yield* visitInput(checker.getDeclaredTypeOfSymbol(target), symbol.name);
      }
    }
  }
}

function nameOf(type: ts.Type): string | undefined {
  const name = (type.symbol as ts.Symbol | undefined)?.name;
  return name === "__type" || name === "__object" ? undefined : name;
}

function isOurs(property: ts.Symbol): boolean {
  const [declaration] = property.declarations ?? [];
  // Private members of classes are none of the caller's.
  if (!declaration || property.name.startsWith("#")) return false;
  // The published types don't have them.
  if (property.getJsDocTags().some(({ name }) => name === "internal")) return false;
  return declaration.getSourceFile().fileName.startsWith(join(root, "src/"));
}

/** Whether `{ property: undefined }` is an error with `exactOptionalPropertyTypes`, though the property is optional. */
function refusesUndefined(property: ts.Symbol): boolean {
  // Not methods, such as those of a store or a logger: they are implemented, not set.
  if (!(property.flags & ts.SymbolFlags.Optional) || property.flags & ts.SymbolFlags.Method) return false;
  // Without `| undefined`, an optional property's type has another member for a property that is missing.
  return !includesUndefined(checker.getTypeOfSymbol(property));
}

function includesUndefined(type: ts.Type): boolean {
  if (type.isUnion()) return type.types.some(includesUndefined);
  return (
    type === checker.getUndefinedType() || (type.flags & (ts.TypeFlags.Unknown | ts.TypeFlags.Any)) !== 0
  );
}

test("every optional property that callers may leave out may also be undefined", () => {
  const given = [...givenByCallers()];
  const names = given.map(({ name }) => name);
  // The search reaches the options of every entry.
  expect(names).toEqual(
    expect.arrayContaining([
      "CommonOptions.timeoutMs",
      "CallOptions.signal",
      "PostgresTokenStoreOptions.schema",
      "CalHandlersOptions.errorUrl",
      "CalendarIntegrationOptions.returnUrl",
      "CalEmulatorOptions.clientId",
    ]),
  );
  const strict = given.filter(({ property }) => refusesUndefined(property)).map(({ name }) => name);
  expect([...new Set(strict)].sort()).toEqual([]);
});
