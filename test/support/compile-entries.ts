import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { root } from "./markdown.js";
import type { Project } from "./project.js";

/** Every module that the package exports. */
export const entries = [
  "calbridge",
  "calbridge/postgres",
  "calbridge/prisma",
  "calbridge/handlers",
  "calbridge/node",
  "calbridge/react",
  "calbridge/testing",
];

/** How an application compiles: what it has types of, and how modules are found. */
export interface Compilation {
  file: string;
  module: string;
  moduleResolution: string;
  types: string[];
}

export const compilations: Compilation[] = [
  { file: "esm.mts", module: "node16", moduleResolution: "node16", types: [] },
  { file: "cjs.cts", module: "node16", moduleResolution: "node16", types: [] },
  { file: "bundled.ts", module: "esnext", moduleResolution: "bundler", types: [] },
  // The entries for Node.js and for React take their types for granted.
  { file: "node.mts", module: "node16", moduleResolution: "node16", types: ["node", "react"] },
  { file: "node.cts", module: "node16", moduleResolution: "node16", types: ["node", "react"] },
  { file: "node.ts", module: "esnext", moduleResolution: "bundler", types: ["node", "react"] },
];

/** Compiles a file that imports every entry, with one of TypeScript's compilers. Rejects with its complaints. */
export async function compileEntries(project: Project, tsc: string, compilation: Compilation): Promise<void> {
  const { file, types, ...modules } = compilation;
  const needTypes = ["calbridge/node", "calbridge/react"];
  const imports = entries
    .filter((entry) => types.length > 0 || !needTypes.includes(entry))
    .map((entry, n) => `import * as m${n} from "${entry}";\nexport const e${n} = m${n};\n`);
  await writeFile(
    join(project.directory, file),
    `${imports.join("")}
import { CalClient, type CalErrorCode, type TokenStore } from "calbridge";
export const make = (tokenStore: TokenStore) => new CalClient({ clientId: "a", clientSecret: "b", tokenStore });
// @ts-expect-error a provider that there is not
export const wrong = (cal: CalClient) => cal.forUser("u").calendars.check("yahoo");
export const code: CalErrorCode = "rate_limited";
`,
  );
  // skipLibCheck is off: the package's own declarations are compiled, too.
  const compilerOptions = {
    ...modules,
    noEmit: true,
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: "es2022",
    lib: ["es2022", "dom", "dom.iterable"],
    types: types.filter((name) => name === "node"),
    typeRoots: [join(root, "node_modules/@types")],
    ...(types.includes("react") && { paths: { react: [join(root, "node_modules/@types/react")] } }),
  };
  const config = `tsconfig.${file}.json`;
  await writeFile(join(project.directory, config), JSON.stringify({ compilerOptions, files: [file] }));
  await project.run(process.execPath, tsc, "-p", config);
}
